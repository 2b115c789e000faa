"""Alerts and labels as in the job's topics, encoded by the real codecs."""

from datetime import timedelta
from typing import Any

from schemas.avro_schemas import ALERT, LABEL
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry, value_subject
from schemas.topics import Topics
from schemas.transaction_fields import Reader, names_read_by
from tests.records import NOON

HOSTILE = "<img src=x onerror=alert(1)>"


def alert(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return alert `number` as read from its topic; each is scored a second after the previous one."""
    record = {
        "alert_id": f"a{number:03d}",
        "transaction_id": f"t{number:06d}",
        "customer_id": f"c{number % 3}",
        "event_time": NOON + timedelta(seconds=number),
        "scored_at": NOON + timedelta(seconds=number + 1),
        "score": 0.9,
        "decision": "BLOCK" if number % 2 else "REVIEW",
        "model_id": "m",
        "feature_spec_hash": "h",
        "merchant_id": HOSTILE,
        "amount_minor": 100 * number,
        "currency": "EUR",
        "device_id": "d" if number % 2 else None,
        "review_threshold": 0.5,
        "block_threshold": 0.8,
        "features": {"amount": 1.0, "since_last_s": float("nan")},
        "reasons": [
            {"feature": "amount", "value": 1.0, "usual": None, "code": "AMOUNT", "text": "", "contribution": 0.5}
        ],
        **changes,
    }
    return through(ALERT, Topics().alerts, record)


def label_of(about: dict[str, Any], *, is_fraud: bool, after_s: int = 60) -> dict[str, Any]:
    """Return the label of an alert's transaction, known some seconds later."""
    names = names_read_by(Reader.LABELS)
    known = about["event_time"] + timedelta(seconds=after_s)
    record = {**{name: about[name] for name in names}, "is_fraud": is_fraud, "label_time": known}
    return through(LABEL, Topics().labels, record)


def through(kind: str, topic: str, record: dict[str, Any]) -> dict[str, Any]:
    """Encode and decode a record."""
    codec = RecordCodec(kind, value_subject(topic), FileRegistry())
    return codec.decode(codec.encode(record))
