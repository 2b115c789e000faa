"""Log of labels learned since the records were written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FEW_LABELS = 200
"""Number of labels up to which a batch is written to the records directly, unless the log has entries."""

MAX_LOGGED, MAX_ENTRIES = 200_000, 1_000
"""Labels, and batches of them, that the log holds before the records are written."""


class LabelLog:
    """Log of a shard's labels, in place of the records that they change.

    In a live stream few labels come at a time, and the records that they change are written at once. On a backlog the
    same records change again and again, so the labels are kept in a log until it is full, and many of them cost one
    writing; a restored shard learns the log again.

    Parameters
    ----------
    state : MapState of number to bytes
        With the shard's key current, now and at each call.
    """

    def __init__(self, state: Any) -> None:
        self._state = state
        self._entries = self._logged = 0

    def entries(self) -> Iterator[bytes]:
        """Yield the entries in sequence, each to be counted by `count`."""
        self._entries = self._logged = 0
        while (entry := self._state.get(self._entries)) is not None:
            yield entry

    def count(self, labels: int) -> None:
        """Count an entry with this many labels."""
        self._entries += 1
        self._logged += labels

    def accepts(self, labels: int) -> bool:
        """Return whether this many labels are to be logged; if not, the records are to be written."""
        full = self._logged + labels > MAX_LOGGED or self._entries == MAX_ENTRIES
        return not full and (labels > FEW_LABELS or self._entries > 0)

    def add(self, entry: bytes, labels: int) -> None:
        """Append an entry with this many labels."""
        self._state.put(self._entries, entry)
        self.count(labels)

    def clear(self) -> None:
        """Remove all entries: the records have them."""
        if self._entries:
            self._state.clear()
            self._entries = self._logged = 0
