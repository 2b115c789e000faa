"""Snoozes as records of their own on the control topic: two that are made at once are both in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from schemas.control_id import id_problem
from schemas.transaction_fields import MAX_TEXT_BYTES

SNOOZE_PREFIX = "snooze/"
"""Begins the keys of the control topic's records that hold a snooze; the customer's id follows."""


@dataclass(frozen=True, kw_only=True)
class CustomerSnooze:
    """Snooze of one customer, a record of `snooze.avsc`.

    Attributes
    ----------
    snooze_id : str
        Names the record in the job's answer.
    until : datetime or None
        Event time of the first transactions that are reviewed again; None: the snooze is over.
    changed_at : datetime
        UTC.
    """

    snooze_id: str
    customer_id: str
    until: datetime | None
    reason: str
    changed_at: datetime
    changed_by: str

    @property
    def key(self) -> str:
        """The key of its record: compaction keeps a customer's newest."""
        return SNOOZE_PREFIX + self.customer_id

    def to_record(self) -> dict[str, Any]:
        """Return it as a record of `snooze.avsc`."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> CustomerSnooze:
        """Return the snooze that `to_record` was called on."""
        return cls(**record)


def snooze_problem(snooze: CustomerSnooze) -> str:
    """Return why no job can follow a snooze, an empty text where it can."""
    size = len(snooze.customer_id.encode(errors="surrogatepass"))
    if not 1 <= size <= MAX_TEXT_BYTES:
        return f"expected a customer_id of 1 to {MAX_TEXT_BYTES} bytes, got {size:,}. No customer has another."
    return id_problem("snooze_id", snooze.snooze_id)
