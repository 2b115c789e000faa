"""Log of events that are not in their records yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

SEGMENT_ENTRIES = 640
"""Entries that fill a segment, however few events they have."""

LOG_SEGMENTS = 8


class EventLog:
    """Ring of segments, each a map state of number to entry: written in turn, and cleared as a whole.

    Attributes
    ----------
    next_number : int
        Number of the next entry.

    Parameters
    ----------
    segments : sequence of MapState
        Of the current shard, now and at each call.
    segment_events : int
        Events that fill a segment.
    next_number : int
        Number of the next entry where the log is empty.
    """

    def __init__(self, segments: Sequence[Any], *, segment_events: int, next_number: int = 0) -> None:
        self._segments, self._segment_events = segments, segment_events
        numbers = {index: found for index, part in enumerate(segments) if (found := sorted(part.keys()))}
        self._used = sorted(numbers, key=lambda index: numbers[index][0])
        self._stored = [(index, number) for index in self._used for number in numbers[index]]
        self.next_number = self._stored[-1][1] + 1 if self._stored else next_number
        self._old: list[int] = []
        self._sizes = [len(numbers.get(index, ())) for index in range(len(segments))]
        self._events = self._entries = 0
        self._current: int | None = None

    def __len__(self) -> int:
        """Return the number of entries."""
        return sum(self._sizes)

    def stored(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and content of the entries that the log was opened with, in the order of their numbers."""
        for index, number in self._stored:
            yield number, self._segments[index].get(number)

    @property
    def is_half_full(self) -> bool:
        """Whether half of the segments are in use."""
        return 2 * len(self._used) > len(self._segments)

    @property
    def is_full(self) -> bool:
        """Whether the last segment is in use."""
        return len(self._old) + len(self._used) == len(self._segments)

    @property
    def has_old(self) -> bool:
        """Whether segments wait for `clear_old`."""
        return bool(self._old)

    def append(self, entry: bytes, events: int) -> float:
        """Append an entry of some events; return the share of a segment that it fills."""
        if self._current is None or self._events >= self._segment_events or self._entries >= SEGMENT_ENTRIES:
            in_use = {*self._old, *self._used}
            self._current = next(index for index in range(len(self._segments)) if index not in in_use)
            self._used.append(self._current)
            self._events = self._entries = 0
        self._segments[self._current].put(self.next_number, entry)
        self.next_number += 1
        self._events += events
        self._entries += 1
        self._sizes[self._current] += 1
        return max(events / self._segment_events, 1 / SEGMENT_ENTRIES)

    def retire(self) -> None:
        """Make the segments in use old ones; the next entry begins another."""
        self._old, self._used, self._current = self._used, [], None

    def clear_old(self) -> None:
        """Clear the old segments, whose events are in the records now."""
        for index in self._old:
            self._segments[index].clear()
            self._sizes[index] = 0
        self._old = []
