"""Entries of lists as records of their own on the control topic: one more costs no more than itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

LIST_PREFIX = "list/"
"""Begins the keys of the control topic's records that hold a list entry; the list's name, a / and the value follow."""

MAX_ENTRIES = 200_000
"""Entries of all lists together: each shard has all of them in its state and in memory."""

MAX_VALUE_BYTES = 500
"""Bytes of a value in UTF-8."""


@dataclass(frozen=True, kw_only=True)
class ListEntryRecord:
    """Value of a list, a record of `list_entry.avsc`.

    Attributes
    ----------
    change_id : str
        Names the change that it is part of, in the job's answer.
    list : str
        Name of the list.
    value : str
    until : datetime or None
        Event time of the first transactions that it is not on the list for; None: it stays.
    removed : bool
        Whether it is on the list no more.
    last : bool
        Whether it is the last one of its change: the job answers it for all of them.
    reason : str
    changed_at : datetime
        UTC.
    changed_by : str
    """

    change_id: str
    list: str
    value: str
    until: datetime | None
    removed: bool = False
    last: bool = True
    reason: str
    changed_at: datetime
    changed_by: str

    @property
    def key(self) -> str:
        """The key of its record: compaction keeps the newest of a value of a list."""
        return f"{LIST_PREFIX}{self.list}/{self.value}"

    def to_record(self) -> dict[str, Any]:
        """Return it as a record of `list_entry.avsc`."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ListEntryRecord:
        """Return the entry that `to_record` was called on."""
        return cls(**record)


def value_problem(value: str) -> str:
    """Return what is wrong with a value of a list, empty where nothing is."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return f"expected a text in UTF-8, got {value!a}"
    if not 0 < size <= MAX_VALUE_BYTES:
        return f"expected 1 to {MAX_VALUE_BYTES} bytes, got {size}"
    return ""
