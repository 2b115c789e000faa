"""Entries of lists as records of their own on the control topic: one more costs no more than itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from schemas.control_id import id_problem
from schemas.rule_book import LIST_NAME
from schemas.transaction_fields import MAX_TEXT_BYTES

LIST_PREFIX = "list/"
"""Begins the keys of the control topic's records that hold a list entry; the list's name, a / and the value follow."""

MAX_ENTRIES = 200_000
"""Entries of all lists together: each shard has all of them in its state and in memory."""

MAX_LISTS = 1_000
"""Lists that have entries: each takes memory of its own in each shard."""

MAX_REASON_BYTES, MAX_ENTRY_BYTES = 1_000, 4_000
"""Bytes of a reason in UTF-8, and of an encoded entry."""


@dataclass(frozen=True, kw_only=True)
class ListEntryRecord:
    """Value of a list, a record of `list_entry.avsc`.

    Attributes
    ----------
    change_id : str
        Names the change that it is part of, in the job's answer.
    until : datetime or None
        Event time of the first transactions that it is not on the list for; None: it stays.
    removed : bool
        Whether it is on the list no more.
    last : bool
        Whether it is the last one of its change: the job answers it for all of them.
    changed_at : datetime
        UTC.
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


def entry_problem(entry: ListEntryRecord) -> str:
    """Return why no job can follow an entry, an empty text where it can."""
    if not LIST_NAME.fullmatch(entry.list):
        return f"expected the name of a list, got {entry.list[:100]!a}. See `fraudstream rules lists ls`."
    if problem := value_problem(entry.value):
        return f"{problem} as a value. Leave it out."
    return id_problem("change_id", entry.change_id)


def value_problem(value: str) -> str:
    """Return what is wrong with a value of a list, an empty text where nothing is: no transaction has a longer one."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return f"expected a text in UTF-8, got {value[:100]!a}"
    if not 0 < size <= MAX_TEXT_BYTES:
        return f"expected 1 to {MAX_TEXT_BYTES} bytes, got {size:,}"
    return ""
