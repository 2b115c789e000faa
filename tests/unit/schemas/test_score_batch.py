"""Encoding of score records."""

import io

import fastavro
import numpy as np
import pyarrow as pa
import pytest

from schemas.avro_schemas import SCORE, parsed_schema
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.framing import header
from schemas.position import position
from schemas.registry import FileRegistry
from schemas.score_batch import ScoreBatchEncoder
from schemas.wall_clock import utc
from tests.records import NOON, NOON_MS, transaction

BEFORE_LABELS, BEFORE_ENTITIES, BEFORE_ENTITY_LABELS, BEFORE_POSITIONS = 3, 32, 40, 48
"""Ids of scores of versions that read no labels, kept no state of entities, had the labels of all in each shard, and
named no position."""

PARTITIONS, OFFSETS = np.array([0, 1, 2**16 - 1] * 9), np.array([0, 63, 2**40 - 1] * 9)
FAR = [[2**63 - 1, -1, 2**62], [0, 63, -(2**63)], [64, 8191, 8192]]


@pytest.mark.parametrize("entities", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("known", [None, 0, 1, 3])
@pytest.mark.parametrize("book", ["", "b-1"])
@pytest.mark.parametrize("label_offsets", [(), (7,), (0, 63, 64, 2**40, 2**63 - 1)])
def test_scores_are_encoded_as_the_record_codec_would(label_offsets, book, known, entities):
    transactions = [transaction(number) for number in range(30)]
    records = pa.RecordBatch.from_pylist(transactions, schema=TRANSACTION_ARROW)
    scores = np.linspace(0, 1, 30, dtype=np.float32)
    decisions = np.array([0] * 20 + [1] * 5 + [2] * 5, np.uint8)
    records = records.slice(3)  # a batch may be a slice of a larger one
    transactions, scores, decisions = transactions[3:], scores[3:], decisions[3:]
    sequences = None if entities is None else np.ascontiguousarray(np.array(FAR * 9, np.int64)[:, :entities])
    of_entities = None if known is None else np.ascontiguousarray(np.array(FAR[::-1] * 9, np.int64)[:, :known])
    encoder = ScoreBatchEncoder("s-value", FileRegistry(), model_id="model-" * 20, spec_hash="hash")
    codec = RecordCodec(SCORE, "s-value", FileRegistry())
    expected = [
        codec.encode(
            {
                "transaction_id": transactions[row]["transaction_id"],
                "customer_id": transactions[row]["customer_id"],
                "event_time": transactions[row]["event_time"],
                "scored_at": utc(NOON_MS),
                "score": float(scores[row]),
                "decision": ["APPROVE", "REVIEW", "BLOCK"][decisions[row]],
                "model_id": "model-" * 20,
                "feature_spec_hash": "hash",
                "shard": 4710,
                "label_offsets": list(label_offsets),
                "rule_book_id": book,
                "entity_sequences": [] if sequences is None else sequences[row].tolist(),
                "entity_label_offsets": [] if of_entities is None else of_entities[row].tolist(),
                "partition": PARTITIONS[row],
                "offset": OFFSETS[row],
            }
        )
        for row in range(27)
    ]
    generation = 3  # of a topic that was created again, which a position names too
    positions = position(PARTITIONS, OFFSETS, generation)
    given = (positions, NOON_MS, label_offsets, 4710, book, sequences, of_entities)
    assert encoder.encode(records, scores, decisions, *given) == expected


SCORE_V1 = {
    "transaction_id": "t1", "customer_id": "c1", "event_time": NOON, "scored_at": NOON, "score": 0.5,
    "decision": "REVIEW", "model_id": "model", "feature_spec_hash": "hash",
}  # fmt: skip
ADDED = {
    "shard": -1, "label_offsets": [], "rule_book_id": "", "entity_sequences": [], "entity_label_offsets": [],
    "partition": -1, "offset": -1,
}  # fmt: skip
KNOWN = {"shard": 2, "label_offsets": [5], "rule_book_id": "b"}


@pytest.mark.parametrize(
    ("version", "schema_id", "known"),
    [
        ("score_v1", BEFORE_LABELS, {}),
        ("score_v3", BEFORE_ENTITIES, KNOWN),
        ("score_v4", BEFORE_ENTITY_LABELS, {**KNOWN, "entity_sequences": [3, -1]}),
        ("score_v5", BEFORE_POSITIONS, {**KNOWN, "entity_sequences": [3, -1], "entity_label_offsets": [7, 0]}),
    ],
)
def test_score_of_an_earlier_version_has_the_defaults_of_what_was_added_later(version, schema_id, known):
    body = io.BytesIO()
    fastavro.schemaless_writer(body, parsed_schema(version), SCORE_V1 | known)
    codec = RecordCodec(SCORE, "s-value", FileRegistry())
    assert codec.decode(header(schema_id) + body.getvalue()) == SCORE_V1 | ADDED | known
