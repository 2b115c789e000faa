"""Batches of labels for the feature engine."""

import pyarrow as pa

from models.features.label_batch import LabelBatch
from schemas.columns import LABEL_ARROW
from tests.unit.features.engine_records import HOUR_MS, START_MS


def label_batch(*rows):
    """Return numbered genuine labels of merchant m and customer c, 10 units each, an hour apart."""
    full = [
        {
            "transaction_id": f"l{i}", "customer_id": "c", "merchant_id": "m", "device_id": "d", "amount_minor": 1000,
            "event_time": START_MS, "is_fraud": False, "label_time": START_MS + i * HOUR_MS, **row,
        }
        for i, row in enumerate(rows)
    ]  # fmt: skip
    arrays = [pa.array([row[field.name] for row in full], field.type) for field in LABEL_ARROW]
    return LabelBatch.of(pa.RecordBatch.from_arrays(arrays, schema=LABEL_ARROW))


FRAUD, GENUINE = {"is_fraud": True}, {"is_fraud": False}
