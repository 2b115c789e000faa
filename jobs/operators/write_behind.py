"""Writing of records some time after they changed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from jobs.operators.event_log import EventLog

WRITING_SEGMENTS = 2
"""Segments of the log that fill while the records are written, some with each batch."""

Key = TypeVar("Key", str, int)


class ChangedRecords(Protocol[Key]):
    """Records in memory."""

    def changed(self) -> list[Key]:
        """Return the keys of the records that are not stored yet."""

    def records(self, keys: Iterable[Key]) -> dict[Key, bytes]:
        """Return those among some records that are not stored yet: they are stored now."""


class WriteBehind(Generic[Key]):
    """Log of the changes of a shard's records, which are written later.

    A busy key changes with every batch, and its record has kilobytes: written each time, it would cost more than all
    else. So what changes the records goes to a log. When half of its segments are full, all records that changed are
    written, some with each batch that follows, bucket by bucket; then these segments are cleared. A restored shard
    changes the records by the log again: each record says what it has seen of it.

    Parameters
    ----------
    log : EventLog
    memory : ChangedRecords
    bucket : callable of key to int
        Part of the state that a record is in.
    store : callable of dict of key to bytes
        Stores records.
    note_next : callable
        Stores the number of the next entry, or event: the log may be empty when it is restored.
    max_turnover : int
        Records brought into memory from which on records are written too: those that left memory wait there for it.
    """

    def __init__(
        self,
        log: EventLog,
        memory: ChangedRecords[Key],
        *,
        bucket: Callable[[Key], int],
        store: Callable[[dict[Key, bytes]], None],
        note_next: Callable[[], None],
        max_turnover: int,
    ) -> None:
        self._log = log
        self._memory: ChangedRecords[Key] = memory
        self._bucket: Callable[[Key], int] = bucket
        self._store: Callable[[dict[Key, bytes]], None] = store
        self._note_next = note_next
        self._max_turnover = max_turnover
        self._turnover = self._turnover_before = self.written = 0
        self._unwritten: deque[Key] = deque()
        self._per_segment = 0.0

    def __len__(self) -> int:
        """Return the number of entries in the log."""
        return len(self._log)

    @property
    def next_number(self) -> int:
        """Number of the next entry of the log."""
        return self._log.next_number

    def stored(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and content of the restored log's entries: `resume` once the records are changed by them."""
        return self._log.stored()

    def resume(self) -> None:
        """Begin to write the records that a restored log changed."""
        if len(self._log):
            self._begin()
            if self._log.is_full:
                self._write(len(self._unwritten))

    def note_loaded(self) -> None:
        """Note that a record was brought into memory."""
        self._turnover += 1

    def append(self, entry: bytes, events: int) -> None:
        """Append an entry of some events, which the records in memory have seen, and write the records that are due."""
        share = self._log.append(entry, events)
        if self._log.has_old:
            brought_in = self._turnover - self._turnover_before
            share = max(share, WRITING_SEGMENTS * brought_in / self._max_turnover)
            due = math.ceil(share * self._per_segment)
            self._write(len(self._unwritten) if self._log.is_full else due)
        elif self._log.is_half_full or self._turnover >= self._max_turnover:
            self._begin()
        self._turnover_before = self._turnover

    def write_all(self) -> None:
        """Write all records that changed, so that the log is empty."""
        self._write(len(self._unwritten))
        self._begin()
        self._write(len(self._unwritten))

    def _begin(self) -> None:
        self._log.retire()
        self._turnover = self._turnover_before = 0
        changed = sorted(self._memory.changed(), key=self._bucket)
        self._unwritten.extend(changed)
        self._per_segment = len(changed) / WRITING_SEGMENTS
        self._note_next()

    def _write(self, count: int) -> None:
        """Write the next records; after the last one the old part of the log is cleared."""
        keys = [self._unwritten.popleft() for _ in range(min(count, len(self._unwritten)))]
        records = self._memory.records(keys)
        if records:
            self._store(records)
            self.written += len(records)
        if not self._unwritten:
            self._log.clear_old()
