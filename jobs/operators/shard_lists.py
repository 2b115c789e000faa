"""List entries that are records of their own, in one shard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from jobs.operators.list_reader import ListReader, ReadEntry
from jobs.operators.record_reader import KEPT_MS
from models.rules.text_table import TextTable
from schemas.list_entry import MAX_ENTRIES

if TYPE_CHECKING:
    from jobs.operators.list_reader import ReadEntries
    from jobs.operators.shard_state import ShardState


class ShardLists:
    """Entries of lists, each a record of the control topic and an entry of the state; every shard has all of them.

    An entry that comes or goes costs as much as itself: rule books stay as they are, and look into the tables.

    Parameters
    ----------
    state : ShardState
        With this shard's key current, now and at each call.
    reader : ListReader
    max_entries : int
        How many entries all lists together may have.
    """

    def __init__(self, state: ShardState, reader: ListReader, max_entries: int = MAX_ENTRIES) -> None:
        self._state, self._reader, self._max_entries = state, reader, max_entries
        self.tables: dict[str, TextTable] = {}
        """Entries by the name of their list."""
        self._newest_ms = 0
        self._refused: dict[str, str] = {}

    def begin(self, first: Mapping[str, bytes]) -> None:
        """Read the state.

        Parameters
        ----------
        first : mapping of str to bytes
            Entries by name that a shard without state begins with.
        """
        self._state.put_all(self._state.list_entries, dict(first))
        entries = self._state.list_entries
        names = list(entries.keys())
        self._put(self._reader.read_stored({name: entries.get(name) for name in names}).entries.values())

    def take(self, read: ReadEntries) -> dict[str, str]:
        """Follow the entries of a batch.

        Returns
        -------
        dict of str to str
            By the id of each change that ended or was refused, why it was refused; empty where all of it is followed.
        """
        entries, refusal = self._within_bound(read.entries)
        stored = {name: entry.payload for name, entry in entries.items() if entry.payload}
        self._state.put_all(self._state.list_entries, stored)
        for name in entries.keys() - stored.keys():
            self._state.list_entries.remove(name)
        self._put(entries.values())
        self._remove_ended()
        refused = (dict.fromkeys(read.changes, refusal) if refusal else {}) | read.refusals
        self._refused |= refused
        return refused | {change_id: self._refused.pop(change_id, "") for change_id in read.finished}

    def advance(self, newest_ms: int) -> None:
        """Note the event time of a batch's newest transaction: entries that ended long before it are removed."""
        self._newest_ms = max(self._newest_ms, newest_ms)

    def _within_bound(self, entries: Mapping[str, ReadEntry]) -> tuple[Mapping[str, ReadEntry], str]:
        """Leave out the new entries that there is no room for."""
        room = self._max_entries - sum(map(len, self.tables.values()))
        if len(entries) <= room:
            return entries, ""
        kept = {}
        for name, entry in entries.items():
            new = bool(entry.payload) and not self._state.list_entries.contains(name)
            if not new or room > 0:
                kept[name], room = entry, room - new
        if len(kept) == len(entries):
            return entries, ""
        return kept, (
            f"expected at most {self._max_entries:,} entries of all lists, got {len(entries) - len(kept):,} more. "
            "Remove some, see `fraudstream rules lists`"
        )

    def _put(self, entries: Iterable[ReadEntry]) -> None:
        by_list: dict[str, list[ReadEntry]] = {}
        for entry in entries:
            by_list.setdefault(entry.list, []).append(entry)
        for name, found in by_list.items():
            texts = pa.array([entry.value for entry in found], pa.string())
            until_ms = np.array([entry.until_ms for entry in found], np.int64)
            self.tables.setdefault(name, TextTable()).put(texts, until_ms)

    def _remove_ended(self) -> None:
        for name, table in self.tables.items():
            for value in table.end(self._newest_ms - KEPT_MS):
                self._state.list_entries.remove(f"{name}/{value}")
