"""Log of labels learned since the records were written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX_LOGGED, MAX_ENTRIES = 200_000, 1_000
"""Labels, and batches of them, that the log holds before the records are written."""


class LabelLog:
    """Log of a shard's labels, in place of the records that they change.

    A label has 30 bytes, and a record up to 27,000. So the labels are kept in a log until it is full, and many of them
    cost one writing of a record; a restored shard learns the log again.

    Parameters
    ----------
    state : MapState of number to bytes
        With the shard's key current, now and at each call.
    """

    def __init__(self, state: Any) -> None:
        self._state = state
        self._entries = self._logged = 0

    def restore(self, learn: Callable[[bytes], int]) -> None:
        """Give the entries in sequence to a function, which returns how many labels an entry has."""
        self._entries = self._logged = 0
        while (entry := self._state.get(self._entries)) is not None:
            self._count(learn(entry))

    def accepts(self, labels: int) -> bool:
        """Return whether this many labels are to be logged; if not, the records are to be written."""
        return self._logged + labels <= MAX_LOGGED and self._entries < MAX_ENTRIES

    def add(self, entry: bytes, labels: int) -> None:
        """Append an entry with this many labels."""
        self._state.put(self._entries, entry)
        self._count(labels)

    def clear(self) -> None:
        """Remove all entries: the records have them."""
        if self._entries:
            self._state.clear()
            self._entries = self._logged = 0

    def _count(self, labels: int) -> None:
        self._entries += 1
        self._logged += labels
