"""Sequence numbers recorded with scores."""

import numpy as np
import pyarrow as pa
import pytest

from models.features.hashing import transaction_hashes
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import (
    NamedSequences,
    RecordedSequences,
    declared_entries,
    label_entries,
    sequence_matrix,
)
from schemas.columns import SCORE_ARROW, TRANSACTION_ARROW
from schemas.label_offset import label_entry
from schemas.position import position
from tests.records import transaction

NOTHING_LOGGED = NamedSequences.of([])


def sent(*ids):
    """Place transactions in one partition, each an id of a customer "c" or a pair of customer and id."""
    pairs = [item if isinstance(item, tuple) else ("c", item) for item in ids]
    records = [
        transaction(number, customer_id=customer, transaction_id=name) for number, (customer, name) in enumerate(pairs)
    ]
    batch = pa.RecordBatch.from_pylist(records, schema=TRANSACTION_ARROW)
    return PositionedRecords(batch, np.zeros(len(pairs), np.int64), np.arange(len(pairs)) * 2)


def scored(*rows):
    """Return scores (transaction, numbers, index of the transaction): of customer "c", or of (customer, id).

    Without the index they are of an earlier version.
    """
    records = []
    for transaction_of, numbers, *index in rows:
        customer, name = ("c", transaction_of) if isinstance(transaction_of, str) else transaction_of
        at = {"partition": 0, "offset": index[0] * 2} if index else {"partition": -1, "offset": -1}
        ids = {"customer_id": customer, "transaction_id": name}
        records.append({**ids, **at, "label_offsets": [], "entity_sequences": numbers})
    return NamedSequences.of([pa.RecordBatch.from_pylist(records, schema=SCORE_ARROW)])


def merchant_numbers(recorded):
    return [int(number) if known else None for (number, _), known in zip(recorded.numbers, recorded.known, strict=True)]


@pytest.mark.parametrize(
    ("transactions", "scores", "numbers"),
    [
        (["a", "b"], [("a", [4, 1]), ("b", [5, 2])], [4, 5]),
        # After a restart a was scored again: the last record holds.
        (["a", "b"], [("a", [4, 1]), ("b", [5, 2]), ("a", [9, 2])], [9, 5]),
        # Sent twice, of an earlier version: either may be of either.
        (["a", "b", "a"], [("a", [4, 1]), ("b", [5, 2]), ("a", [6, 3])], [None, 5, None]),
        # Sent twice and scored three times: the positions say which of them is a repeat.
        (["a", "b", "a"], [("a", [4, 1], 0), ("a", [6, 3], 2), ("a", [7, 3], 0)], [7, None, 6]),
        (["a", "b", "a"], [("a", [4, 1], 0), ("a", [6, 3], 2), ("a", [7, 3], 2)], [4, None, 7]),
        # Scored by an earlier version, and again by this one.
        (["a", "b"], [("a", [4, 1]), ("b", [5, 2]), ("a", [8, 1], 0)], [8, 5]),
        # Of a topic that was deleted and created again: another transaction lay there.
        (["a", "b"], [("a", [4, 1], 0), ("gone", [5, 2], 0), ("gone", [6, 2], 1)], [4, None]),
        # Beyond the end of the topic.
        (["a"], [("a", [4, 1], 9)], [None]),
        (["a", "b"], [("b", [5, 2])], [None, 5]),
        (["a", "b"], [], [None, None]),
        # Scores of no transaction that the topic holds.
        (["a"], [("a", [4, 1]), ("gone", [5, 2])], [4]),
        # Two customers with one transaction id.
        (["a", ("other", "a")], [("a", [4, 1]), (("other", "a"), [5, 2])], [4, 5]),
        # Of an earlier version, whose job advanced no entities.
        (["a", "b"], [("a", []), ("b", [0, -1])], [-1, 0]),
        # Of a job that declares more entities, and of one that declares fewer.
        (["a", "b"], [("a", [4, 1, 8]), ("b", [5])], [4, 5]),
    ],
)
def test_transaction_has_the_numbers_of_its_last_score(transactions, scores, numbers):
    found = RecordedSequences.of(sent(*transactions), NOTHING_LOGGED, scored(*scores))
    assert merchant_numbers(found) == numbers
    assert found.unknown == numbers.count(None)


def test_inference_log_precedes_scores_and_distinguishes_repeated_transactions():
    transactions = sent("a", "b", "a")
    keys, positions = transaction_hashes(transactions.records), position(transactions.partitions, transactions.offsets)
    numbers, no_labels, none = np.array([[7, 3], [6, 3]]), np.zeros((2, 2, 0), np.int64), np.empty((2, 0), np.int64)
    logged = NamedSequences(positions[[2, 0]], keys[[2, 0]], numbers, no_labels, none)
    scores = scored(("a", [4, 1], 0), ("b", [5, 2], 1), ("a", [6, 3], 2), ("a", [7, 3], 2))
    assert merchant_numbers(RecordedSequences.of(transactions, logged, scores)) == [6, 5, 7]
    assert merchant_numbers(RecordedSequences.of(transactions, logged)) == [6, None, 7]


def test_log_of_another_transaction_at_a_position_is_not_the_transaction_s():
    transactions = sent("a")
    logged = NamedSequences(
        np.zeros(1, np.int64), np.ones(1, np.uint64), np.array([[7, 3]]), np.zeros((1, 2, 0), np.int64),
        np.empty((1, 0), np.int64),
    )  # fmt: skip
    assert RecordedSequences.of(transactions, logged).unknown == 1


def test_sequence_numbers_of_a_part_of_a_column_are_its_own():
    column = pa.array([[1, 2], None, [3], [], [4, 5, 6]], pa.list_(pa.int64()))
    assert sequence_matrix(column).tolist() == [[1, 2], [-1, -1], [3, -1], [-1, -1], [4, 5]]
    assert sequence_matrix(column.slice(2)).tolist() == [[3, -1], [-1, -1], [4, 5]]
    assert sequence_matrix(column.slice(0, 0)).shape == (0, 2)


def records_knowing(*rows):
    """Return scores by label_offsets, entity_sequences and entity_label_offsets."""
    names = ("label_offsets", "entity_sequences", "entity_label_offsets")
    same = {"customer_id": "c", "transaction_id": "t", "partition": 0, "offset": 0}
    return pa.RecordBatch.from_pylist([{**same, **dict(zip(names, row, strict=True))} for row in rows], SCORE_ARROW)


def test_entities_of_records_of_earlier_versions_knew_the_labels_of_their_shard():
    found = label_entries(
        records_knowing(([7], [1, 2], [3, 4, 5, 6]), ([8, 9], [1, 2], []), ([8], [], None), ([], [1, -1], [2, 0]))
    )
    assert found.tolist() == [
        [[3, 4], [5, 6]], [[8, 9], [8, 9]], [[8, 0], [8, 0]], [[2, 0], [0, 0]],
    ]  # fmt: skip


def test_entries_of_declared_entities_follow_and_have_no_labels():
    records = records_knowing(([], [1, 2, 70, 71], [3, 4, 5, 6]), ([], [1, 2], [7, 8]), ([], [1], [9]), ([], [], []))
    assert declared_entries(records.column("entity_sequences")).tolist() == [[70, 71], [-1, -1], [-1, -1], [-1, -1]]
    assert label_entries(records)[:2].tolist() == [[[3, 4], [5, 6]], [[7, 0], [8, 0]]]
    scores = NamedSequences.of([records, records_knowing(([], [1, 2, 72], []))])
    assert scores.declared.tolist() == [[70, 71], [-1, -1], [-1, -1], [-1, -1], [72, -1]]


def test_labels_of_a_former_topic_count_as_unknown():
    entry = label_entry(1, 5)
    scores = NamedSequences.of([records_knowing(([], [1, 2], [70, entry]))])
    batch = pa.RecordBatch.from_pylist([transaction(0, customer_id="c", transaction_id="t")], schema=TRANSACTION_ARROW)
    placed = PositionedRecords(batch, np.zeros(1, np.int64), np.zeros(1, np.int64))
    assert RecordedSequences.of(placed, NOTHING_LOGGED, scores).label_offsets.tolist() == [[[0], [5]]]
