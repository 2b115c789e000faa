"""Batches of list entries, decoded once for all shards of a subtask."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from jobs.operators.record_reader import RecordReader
from models.rules.lookup import FOR_EVER_MS
from models.rules.text_table import GONE_MS
from schemas.list_entry import LIST_PREFIX, MAX_ENTRY_BYTES, ListEntryRecord, entry_problem

if TYPE_CHECKING:
    from schemas.codec import RecordCodec

STORED_VERSION = 1
"""Version of an entry in the state."""

MAX_REFUSED_CHANGES = 100
"""Changes of a batch whose refusals are reported by id; the others are reported together, without one."""

_STORED = struct.Struct("<Bq")


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """Entry of a list, by a change; one that is gone has GONE_MS as its end."""

    list: str
    value: str
    until_ms: int
    change_id: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether it was removed from the list."""
        return self.until_ms == GONE_MS

    def encode(self) -> bytes:
        """Return its bytes in the state, stored under its name."""
        return _STORED.pack(STORED_VERSION, self.until_ms)

    @classmethod
    def decode(cls, name: str, stored: bytes) -> ReadEntry:
        """Return the entry that `encode` was called on.

        Raises
        ------
        ValueError
            It is of a version that this one does not know.
        """
        list_name, _, value = name.partition("/")
        if stored[0] != STORED_VERSION:
            raise ValueError(
                f"expected a list entry of version {STORED_VERSION} in the state, got {stored[0]}. "
                "Start the job with the version of fraudstream that wrote it."
            )
        return cls(list_name, value, _STORED.unpack(stored)[1])


@dataclass(frozen=True, kw_only=True)
class ReadEntries:
    """Content of a batch.

    Attributes
    ----------
    entries : dict of str to ReadEntry
        The newest of each value of a list, by its name: its key without LIST_PREFIX.
    finished : list of str
        Ids of the changes whose last entry is among the records.
    refusals : dict of str to str
        By the id of a change, empty where it is not known, why an entry of it is refused.
    """

    entries: dict[str, ReadEntry] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)


class ListReader:
    """Decoder of list entries of the control topic.

    Parameters
    ----------
    codec : RecordCodec
        Of the entries.
    """

    def __init__(self, codec: RecordCodec) -> None:
        self._records = RecordReader(codec, ListEntryRecord.from_record, LIST_PREFIX)
        self._last: tuple[tuple[int, int], ReadEntries] | None = None
        self._first: tuple[Mapping[str, bytes], ReadEntries] | None = None

    def read(self, keys: Sequence[str], payloads: Sequence[bytes], positions: Sequence[int]) -> ReadEntries:
        """Return the content of a batch; that of the last one is kept for the next shards."""
        self._first = None
        mark = positions[0], len(positions)
        if self._last is None or self._last[0] != mark:
            names = [key.removeprefix(LIST_PREFIX) for key in keys]
            self._last = mark, self._read(zip(names, payloads, strict=True))
        return self._last[1]

    def read_first(self, payloads: Mapping[str, bytes]) -> ReadEntries:
        """Return the content of entries by their names; it is kept for the next shards up to the first batch."""
        if self._first is None or self._first[0] != payloads:
            self._first = payloads, self._read(payloads.items())
        return self._first[1]

    def _read(self, records: Iterable[tuple[str, bytes]]) -> ReadEntries:
        found = ReadEntries()
        for name, payload in records:
            if not payload:
                list_name, _, value = name.partition("/")
                found.entries[name] = ReadEntry(list_name, value, GONE_MS)
                continue
            record, refusal = self._record(name, payload)
            if refusal or record is None:
                change_id = record.change_id if record and len(found.refusals) < MAX_REFUSED_CHANGES else ""
                found.refusals.setdefault(change_id, refusal)
            else:
                until_ms = GONE_MS if record.removed else _milliseconds(record.until)
                found.entries[name] = ReadEntry(record.list, record.value, until_ms, record.change_id)
            if record is not None and record.last and (not refusal or record.change_id in found.refusals):
                found.finished.append(record.change_id)
        return found

    def _record(self, name: str, payload: bytes) -> tuple[ListEntryRecord | None, str]:
        if len(payload) > MAX_ENTRY_BYTES:
            return (
                None,
                f"expected a list entry of at most {MAX_ENTRY_BYTES:,} bytes, got {len(payload):,}. Leave it out.",
            )
        record, refusal = self._records.read(name, payload)
        return record, refusal or (entry_problem(record) if record is not None else "")


def _milliseconds(moment: datetime | None) -> int:
    return FOR_EVER_MS if moment is None else round(moment.timestamp() * 1000)
