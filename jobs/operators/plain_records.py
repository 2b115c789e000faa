"""Valid records, with which the job distinguishes a fault of a record from a fault of its own."""

from typing import Any

import pyarrow as pa

from schemas.columns import TRANSACTION_ARROW
from schemas.wall_clock import utc

PLAIN_MS = 1_767_225_600_000
"""Their event time, milliseconds since 1970."""

_OF_BOTH = {
    "transaction_id": "plain",
    "customer_id": "fraudstream:plain",  # not a customer's: nothing of it is ever stored
    "merchant_id": "plain",
    "amount_minor": 1_000,
    "device_id": None,
    "event_time": utc(PLAIN_MS),
}

PLAIN_TRANSACTION: dict[str, Any] = {
    **_OF_BOTH,
    "merchant_category": "grocery",
    "transaction_type": "PURCHASE",
    "currency": "EUR",
    "latitude": 50.0,
    "longitude": 8.0,
}

PLAIN_LABEL: dict[str, Any] = {**_OF_BOTH, "is_fraud": False, "label_time": utc(PLAIN_MS)}


def plain_transaction() -> pa.RecordBatch:
    """Return the transaction in the columns of TRANSACTION_ARROW."""
    return pa.RecordBatch.from_pylist([PLAIN_TRANSACTION], schema=TRANSACTION_ARROW)
