import io

import fastavro
import numpy as np
import pyarrow as pa
import pytest

from schemas.avro_schemas import SCORE, parsed_schema
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.framing import header
from schemas.registry import FileRegistry
from schemas.score_batch import ScoreBatchEncoder
from schemas.wall_clock import utc
from tests.records import NOON, NOON_MS, transaction

BEFORE_LABELS = 3
"""Schema id of scores from before label offsets."""


@pytest.mark.parametrize("book", ["", "b-1"])
@pytest.mark.parametrize("label_offsets", [(), (7,), (0, 63, 64, 2**40, 2**63 - 1)])
def test_scores_are_encoded_as_the_record_codec_would(label_offsets, book):
    transactions = [transaction(number) for number in range(30)]
    records = pa.RecordBatch.from_pylist(transactions, schema=TRANSACTION_ARROW)
    scores = np.linspace(0, 1, 30, dtype=np.float32)
    decisions = np.array([0] * 20 + [1] * 5 + [2] * 5, np.uint8)
    records = records.slice(3)  # a batch may be a slice of a larger one
    transactions, scores, decisions = transactions[3:], scores[3:], decisions[3:]
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
            }
        )
        for row in range(27)
    ]
    assert encoder.encode(records, scores, decisions, NOON_MS, label_offsets, 4710, book) == expected


def test_score_from_before_label_offsets_has_neither_shard_nor_offsets():
    score = {
        "transaction_id": "t1",
        "customer_id": "c1",
        "event_time": NOON,
        "scored_at": NOON,
        "score": 0.5,
        "decision": "REVIEW",
        "model_id": "model",
        "feature_spec_hash": "hash",
    }
    body = io.BytesIO()
    fastavro.schemaless_writer(body, parsed_schema("score_v1"), score)
    codec = RecordCodec(SCORE, "s-value", FileRegistry())
    assert codec.decode(header(BEFORE_LABELS) + body.getvalue()) == {
        **score,
        "shard": -1,
        "label_offsets": [],
        "rule_book_id": "",
    }
