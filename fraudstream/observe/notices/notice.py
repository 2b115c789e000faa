"""Notifications."""

import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

Kind = Literal[
    "drift.detected",
    "alerts.jumped",
    "gates.failed",
    "model.promoted",
    "model.rolled_back",
    "model.refused",
    "model.failed",
    "rules.refused",
]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Notification of an event.

    Parameters
    ----------
    text : str
        Message; chat programs show a field of this name.
    data : dict
        Record of the event.
    timestamp : datetime
        Time of the event, UTC.
    id : str
        Stable id, by which receivers recognise repeats.
    """

    type: Kind
    text: str
    data: dict[str, Any]
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")

    def to_json(self) -> bytes:
        """Return the body of the webhook request."""
        return orjson.dumps(asdict(self), default=str)
