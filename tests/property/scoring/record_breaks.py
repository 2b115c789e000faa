"""Ways to break an encoded record."""

from typing import Any

from schemas.rejection import Reason
from schemas.time_units import EARLIEST_MS, may_be_seconds
from schemas.validation import Limits
from tests.hostile_records import Hostile
from tests.records import NOON_MS

MARKS = {"\ufeff", "\ufffe"}


def breaks(record: dict[str, Any], case: Hostile) -> Reason | None:
    ids = [len(record[name].encode()) for name in ("transaction_id", "customer_id", "merchant_id")]
    texts = [
        len((record.get(name) or "").encode())
        for name in ("merchant_category", "transaction_type", "currency", "device_id")
    ]
    latitude, longitude = record.get("latitude"), record.get("longitude")
    event_ms = record["event_time"].timestamp() * 1000
    label_ms = record["label_time"].timestamp() * 1000 if "label_time" in record else None
    latest_ms = NOON_MS + Limits().max_ahead_ms
    single_coordinate = (latitude is None) != (longitude is None)
    broken = {
        Reason.NULL_KEY: case.key is None,
        Reason.KEY_MISMATCH: case.key != record["customer_id"] or "\ufffd" in case.key or case.key[:1] in MARKS,
        Reason.INVALID_ID: not all(1 <= size <= 256 for size in ids),
        Reason.INVALID_AMOUNT: not 0 <= record["amount_minor"] <= largest_amount(record),
        Reason.INVALID_TEXT: max(texts) > 256,
        Reason.INVALID_PLACE: single_coordinate or not (abs(latitude or 0) <= 90 and abs(longitude or 0) <= 180),
        Reason.INVALID_EVENT_TIME: event_ms < 0 or may_be_seconds(event_ms),
        Reason.EVENT_TIME_TOO_OLD: event_ms < EARLIEST_MS,
        Reason.EVENT_TIME_AHEAD: label_ms is None and event_ms > latest_ms,
        Reason.INVALID_LABEL_TIME: label_ms is not None and label_ms < event_ms,
        Reason.LABEL_TIME_AHEAD: label_ms is not None and label_ms > latest_ms,
    }
    return next((reason for reason, holds in broken.items() if holds), None)


def largest_amount(record: dict[str, Any]) -> int:
    limits = Limits()
    if "currency" not in record:
        return limits.greatest_max_amount_minor
    return limits.max_amounts_minor.get(record["currency"], limits.max_amount_minor)
