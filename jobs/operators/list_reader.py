"""Batches of list entries, decoded once for all shards of a subtask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from jobs.operators.record_reader import RecordReader
from models.rules.lookup import FOR_EVER_MS
from models.rules.text_table import GONE_MS
from schemas.list_entry import LIST_PREFIX, ListEntryRecord

if TYPE_CHECKING:
    from schemas.codec import RecordCodec


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """Entry of a list as a shard keeps it; without payload it is gone."""

    list: str
    value: str
    until_ms: int
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class ReadEntries:
    """Content of a batch.

    Attributes
    ----------
    entries : dict of str to ReadEntry
        The newest of each value of a list, by its name: its key without LIST_PREFIX.
    changes : set of str
        Ids of the changes that they are part of.
    finished : list of str
        Ids of the changes whose last entry is among them.
    refusals : dict of str to str
        By the id of a change, empty where it is not known, why an entry of it is refused.
    """

    entries: dict[str, ReadEntry] = field(default_factory=dict)
    changes: set[str] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)


class ListReader:
    """Decodes list entries of the control topic.

    Parameters
    ----------
    codec : RecordCodec
        Of the entries.
    """

    def __init__(self, codec: RecordCodec) -> None:
        self._records = RecordReader(codec, ListEntryRecord.from_record, LIST_PREFIX)
        self._last: tuple[tuple[int, int], ReadEntries] | None = None

    def read(self, keys: Sequence[str], payloads: Sequence[bytes], positions: Sequence[int]) -> ReadEntries:
        """Return the content of a batch; that of the last one is kept for the next shards."""
        mark = positions[0], len(positions)
        if self._last is None or self._last[0] != mark:
            names = [key.removeprefix(LIST_PREFIX) for key in keys]
            self._last = mark, self._read(zip(names, payloads, strict=True))
        return self._last[1]

    def read_stored(self, payloads: Mapping[str, bytes]) -> ReadEntries:
        """Return the content of entries by their names; those that can't be read are refusals."""
        return self._read(payloads.items())

    def _read(self, records: Iterable[tuple[str, bytes]]) -> ReadEntries:
        found = ReadEntries()
        for name, payload in records:
            if not payload:
                list_name, _, value = name.partition("/")
                found.entries[name] = ReadEntry(list_name, value, GONE_MS, b"")
                continue
            record, refusal = self._records.read(name, payload)
            if refusal or record is None:
                found.refusals.setdefault(record.change_id if record else "", refusal)
                continue
            gone = record.removed
            until_ms = GONE_MS if gone else _milliseconds(record.until)
            found.entries[name] = ReadEntry(record.list, record.value, until_ms, b"" if gone else payload)
            found.changes.add(record.change_id)
            if record.last:
                found.finished.append(record.change_id)
        return found


def _milliseconds(moment: datetime | None) -> int:
    return FOR_EVER_MS if moment is None else round(moment.timestamp() * 1000)
