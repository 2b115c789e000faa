"""Notifications."""

from __future__ import annotations

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
    """What somebody should know of.

    Parameters
    ----------
    type : str
        What happened, for programs.
    text : str
        The same in a sentence, for people: chat programs show a field of this name.
    data : dict
        The record behind it.
    timestamp : datetime
        When it happened, UTC.
    id : str
        The same each time it is sent, so that a receiver knows a repeat.
    """

    type: Kind
    text: str
    data: dict[str, Any]
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")

    def to_json(self) -> bytes:
        """Return it as a webhook's body."""
        return orjson.dumps(asdict(self), default=str)
