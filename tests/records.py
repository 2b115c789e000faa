"""Valid transactions and labels, which tests change as needed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.avro_schemas import LABEL, TRANSACTION
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from schemas.transaction_fields import Reader, names_read_by

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


def transaction(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return transaction `number`, one minute after the previous one."""
    return {
        "transaction_id": f"t{number:06d}",
        "customer_id": f"c{number % 7}",
        "merchant_id": f"m{number % 5}",
        "merchant_category": "grocery",
        "transaction_type": "purchase",
        "amount_minor": 1_000 + number,
        "currency": "EUR",
        "device_id": "device-1" if number % 2 else None,
        "latitude": 48.2,
        "longitude": 16.4,
        "event_time": NOON + timedelta(minutes=number),
        **changes,
    }


def label(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the label of transaction `number`, known a minute after it; every third is a fraud."""
    about = transaction(number)
    copied = {name: about[name] for name in names_read_by(Reader.LABELS)}
    known = about["event_time"] + timedelta(minutes=1)
    return {**copied, "is_fraud": number % 3 == 0, "label_time": known, **changes}


def transaction_codec() -> RecordCodec:
    """Return the codec of the transactions topic, on the committed registry."""
    return RecordCodec(TRANSACTION, "fraud.transactions.v1-value", FileRegistry())


def label_codec() -> RecordCodec:
    """Return the codec of the labels topic, on the committed registry."""
    return RecordCodec(LABEL, "fraud.labels.v1-value", FileRegistry())
