import numpy as np
import pyarrow as pa

from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import FileRegistry
from schemas.score_batch import ScoreBatchEncoder
from schemas.wall_clock import utc
from tests.records import NOON_MS, transaction


def test_scores_are_encoded_as_the_record_codec_would():
    transactions = [transaction(number) for number in range(30)]
    records = pa.RecordBatch.from_pylist(transactions, schema=TRANSACTION_ARROW)
    scores = np.linspace(0, 1, 30, dtype=np.float32)
    decisions = np.array([0] * 20 + [1] * 5 + [2] * 5, np.uint8)
    records = records.slice(3)  # a batch may be a part of a larger one
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
            }
        )
        for row in range(27)
    ]
    assert encoder.encode(records, scores, decisions, NOON_MS) == expected
