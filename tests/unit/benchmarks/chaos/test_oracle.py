"""The oracle shares no code with the job's kernels; both agree over labels that arrive, are lost and are read again."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from benchmarks.baselines.naive_labels import KnownLabel
from benchmarks.chaos.books import BOOKS
from benchmarks.chaos.chaos_result import Basis
from benchmarks.chaos.label_history import LabelHistory, PositionedLabel
from benchmarks.chaos.oracle import Oracle
from benchmarks.chaos.world import draw_labels, draw_world
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_tracker import EntityTracker
from models.features.hashing import hash_column
from models.features.label_batch import LabelBatch
from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.scoring.decision import Decision
from models.scoring.history_scorer import HistoryScorer
from models.scoring.transaction_scorer import TransactionScorer
from producers.replay_with_labels import labels_needed
from schemas.columns import TRANSACTION_ARROW
from schemas.rule_book import RuleBook
from tests.unit.scoring.simulated_job import EntityShards
from tests.unit.training.histories import artifact

ROWS = 3_000


def known(label, offset):
    return PositionedLabel(
        label=KnownLabel(
            transaction_id=label["transaction_id"],
            customer_id=label["customer_id"],
            merchant_id=label["merchant_id"],
            amount_minor=label["amount_minor"],
            device_id=label["device_id"],
            is_fraud=label["is_fraud"],
            label_time_ms=round(label["label_time"].timestamp() * 1000),
        ),
        partition=0,
        offset=offset,
    )


def test_oracle_expects_the_scores_of_the_scorer_given_its_labels():
    table = draw_world(3, rows=ROWS)
    labels = draw_labels(table, 3)
    needed = labels_needed(table, labels)
    model = artifact()
    records = table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    batch = LabelBatch.of(labels.slice(0, int(needed[-1])).combine_chunks().to_batches()[0])
    entities = advanced_in_turns(records)
    entities.label_x[:] = EntityTracker(with_events=False).advance(records, batch, needed).label_x
    scored = TransactionScorer(model, load=None).score(records, batch, needed, entities=entities)

    rows = table.to_pylist()
    known_labels = [known(label, offset) for offset, label in enumerate(labels.slice(0, int(needed[-1])).to_pylist())]
    keys = [(row["customer_id"], row["transaction_id"]) for row in rows]
    sequences = dict(zip(keys, scored.entity_sequences.tolist(), strict=True))
    oracle = Oracle(rows, known_labels, {model.manifest.model_id: model}, {}, sequences)
    keys = [
        (
            (row["customer_id"], row["transaction_id"]),
            Basis(model.manifest.model_id, (int(count),), "", (0, 0), (int(count), int(count))),
        )
        for row, count in zip(rows, needed, strict=True)
    ]
    answers = oracle.expect(keys)
    assert needed[-1] > ROWS / 2
    assert [answer.score for answer in answers] == scored.scores.tolist()
    assert {answer.decision for answer in answers} > {"APPROVE"}
    assert all(answer.reads_entities for answer in answers)
    without_entities = Oracle(rows, known_labels, {model.manifest.model_id: model}, {}, dict.fromkeys(keys, ()))
    assert [answer.score for answer in without_entities.expect(keys)] != scored.scores.tolist()


def advanced_in_turns(records):
    """Advance the entities by customers' transactions in two queues, one ahead of the other."""
    queue = (hash_column(records.column("customer_id")) >> np.uint64(7) & np.uint64(1)).astype(np.int64)
    rule_book = np.argsort(np.arange(len(records)) + 400 * queue, kind="stable")
    found = EntityShards(3)(records.take(pa.array(rule_book)))
    inputs = EntityInputs.missing(len(records))
    inputs.x[rule_book], inputs.sequences[rule_book] = found.x, found.sequences
    return inputs


def test_labels_are_forgotten_where_a_failure_reset_the_offsets():
    history = LabelHistory()
    for offset in range(3):
        label = KnownLabel(
            transaction_id=f"t{offset}",
            customer_id="c",
            merchant_id="m",
            amount_minor=1,
            is_fraud=True,
            label_time_ms=offset,
        )
        history.add("m", [PositionedLabel(label=label, partition=0, offset=offset)])
    assert [len(history.known("m", offsets).kept) for offsets in [(1,), (3,), (2,), (), (3,)]] == [1, 3, 2, 0, 3]


def test_rule_books_in_python_decide_as_the_rule_engine_does():

    table = draw_world(5, rows=500)
    records = table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    scorer = HistoryScorer(artifact())
    scored = scorer.score(records)
    for book in BOOKS:
        rule_book = RuleBook(book_id="b", changed_at=datetime.now(UTC), changed_by="", reason="", rules=book.rules)
        ruling = RuleEngine(rule_book).apply(RuleBatch(records, scored.x, scored.scores), scored.decisions)
        expected = [
            book.decide(amount, Decision(decision))
            for amount, decision in zip(table["amount_minor"].to_pylist(), scored.decisions.tolist(), strict=True)
        ]
        assert ruling.decisions.tolist() == [decision for decision, _ in expected]
        alerted = np.flatnonzero(ruling.decisions).tolist()
        assert alerted
        fired = [{rule.rule.code for rule in ruling.fired.get(row, ())} for row in alerted]
        assert fired == [set(expected[row][1]) for row in alerted]
