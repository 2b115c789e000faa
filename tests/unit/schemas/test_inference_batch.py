"""Encoding of inference records."""

import numpy as np
import pyarrow as pa
import pytest

from models.features.table import FEATURES
from schemas.avro_schemas import INFERENCE
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.inference_batch import InferenceBatchEncoder
from schemas.registry import FileRegistry
from schemas.wall_clock import utc
from tests.records import NOON_MS, transaction

COPIED = ("transaction_id", "customer_id", "merchant_id", "amount_minor", "event_time")


@pytest.mark.parametrize("entities", [None, 0, 1, 3])
@pytest.mark.parametrize("known", [None, 2])
@pytest.mark.parametrize("label_offsets", [(), (7,), (0, 63, 64, 2**40, 2**63 - 1)])
@pytest.mark.parametrize("rows", [range(27), [3, 4, 26], []], ids=["all", "some", "none"])
def test_chosen_rows_are_encoded_as_the_record_codec_would(label_offsets, known, rows, entities):
    transactions = [transaction(number, merchant_id="é" * number) for number in range(30)]
    records = pa.RecordBatch.from_pylist(transactions, schema=TRANSACTION_ARROW).slice(3)
    transactions = transactions[3:]
    scores = np.linspace(0, 1, 27, dtype=np.float32)
    decisions = np.array([0] * 20 + [1] * 4 + [2] * 3, np.uint8)
    x = np.random.default_rng(1).normal(0, 1e6, (27, len(FEATURES))).astype(np.float32)
    partitions, offsets = np.arange(27) % 4, np.arange(27) * 2**34
    far = np.array([[2**63 - 1, -1, 2**62], [0, 63, -(2**63)], [64, 8191, 8192]] * 9, np.int64)
    sequences = None if entities is None else np.ascontiguousarray(far[:, :entities])
    of_entities = None if known is None else np.ascontiguousarray(far[::-1, :known])
    encoder = InferenceBatchEncoder("i-value", FileRegistry(), model_id="model-" * 20, spec_hash="hash")
    codec = RecordCodec(INFERENCE, "i-value", FileRegistry())
    expected = [
        codec.encode(
            {
                **{name: transactions[row][name] for name in COPIED},
                "scored_at": utc(NOON_MS),
                "score": float(scores[row]),
                "decision": ["APPROVE", "REVIEW", "BLOCK"][decisions[row]],
                "model_id": "model-" * 20,
                "feature_spec_hash": "hash",
                "shard": 4710,
                "partition": row % 4,
                "offset": row * 2**34,
                "label_offsets": list(label_offsets),
                "features": x[row].tolist(),
                "entity_sequences": [] if sequences is None else sequences[row].tolist(),
                "entity_label_offsets": [] if of_entities is None else of_entities[row].tolist(),
            }
        )
        for row in rows
    ]
    encoded = encoder.encode(
        records,
        np.array(rows, np.int64),
        x,
        scores,
        decisions,
        partitions,
        offsets,
        scored_at_ms=NOON_MS,
        shard=4710,
        label_offsets=label_offsets,
        entity_sequences=sequences,
        entity_label_offsets=of_entities,
    )
    assert encoded == expected
