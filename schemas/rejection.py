"""Reasons for dead letters."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a record was set aside; the symbols of `dead_letter.avsc`."""

    UNDECODABLE = "UNDECODABLE"
    UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
    TRAILING_BYTES = "TRAILING_BYTES"
    NULL_KEY = "NULL_KEY"
    KEY_MISMATCH = "KEY_MISMATCH"
    INVALID_ID = "INVALID_ID"
    INVALID_AMOUNT = "INVALID_AMOUNT"
    INVALID_PLACE = "INVALID_PLACE"
    INVALID_EVENT_TIME = "INVALID_EVENT_TIME"
    EVENT_TIME_AHEAD = "EVENT_TIME_AHEAD"
    INVALID_LABEL_TIME = "INVALID_LABEL_TIME"
    LABEL_TIME_AHEAD = "LABEL_TIME_AHEAD"
    TOO_LARGE = "TOO_LARGE"
    INVALID_TEXT = "INVALID_TEXT"
    INTERNAL = "INTERNAL"
    INVALID_KAFKA_TIME = "INVALID_KAFKA_TIME"
    EVENT_TIME_TOO_OLD = "EVENT_TIME_TOO_OLD"


MAX_DETAIL = 500
"""Characters: an error's text may hold a whole schema, and a dead letter must be small enough for a broker."""


def readable(text: str) -> str:
    """Return a text as any encoder accepts it."""
    return text.encode("utf-8", "replace").decode()


def shortened(text: str) -> str:
    """Return a text for people as any encoder accepts it, and not too long."""
    shown = readable(text)
    return shown if len(shown) <= MAX_DETAIL else f"{shown[: MAX_DETAIL - 2]}.."


@dataclass(frozen=True)
class Rejection:
    """A record of a batch that goes to the dead letters.

    Attributes
    ----------
    row : int
        Its index in the batch.
    reason : Reason
        Why, for filters and counters.
    detail : str
        Expected and was, for people.
    """

    row: int
    reason: Reason
    detail: str
