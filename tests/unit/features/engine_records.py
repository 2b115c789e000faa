"""Batches of transactions for the feature engine."""

import pyarrow as pa

from schemas.columns import TRANSACTION_ARROW

START_MS = 1_767_225_600_000  # Thursday 2026-01-01 00:00 UTC
HOUR_MS = 3_600_000
WHERE = {
    "merchant_id": "m", "merchant_category": "fuel", "transaction_type": "chip", "amount_minor": 1000,
    "currency": "EUR",
    "customer_id": "c", "device_id": None, "latitude": None, "longitude": None, "event_time": START_MS,
}  # fmt: skip


def records(*rows):
    full = [{"transaction_id": f"t{i}", **WHERE, **row} for i, row in enumerate(rows)]
    arrays = [pa.array([row[field.name] for row in full], field.type) for field in TRANSACTION_ARROW]
    return pa.RecordBatch.from_arrays(arrays, schema=TRANSACTION_ARROW)
