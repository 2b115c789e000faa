"""List entries that are records of their own, in one shard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from jobs.operators.list_reader import MAX_REFUSED_CHANGES, ListReader, ReadEntry
from jobs.operators.record_reader import KEPT_MS
from models.rules.text_table import TextTable
from schemas.list_entry import MAX_ENTRIES, MAX_LISTS

if TYPE_CHECKING:
    from jobs.operators.list_reader import ReadEntries
    from jobs.operators.shard_state import ShardState

MAX_OPEN_REFUSALS = 1_000
"""Refused changes that a shard remembers up to their last entry; the oldest are dropped."""


class ShardLists:
    """Entries of lists, each a record of the control topic and an entry of the state; every shard has all of them.

    An entry that is added or removed costs as much as itself: rule books do not change, and search the tables.

    Parameters
    ----------
    state : ShardState
        With this shard's key current, now and at each call.
    reader : ListReader
    max_entries, max_lists : int
        Maximum number of entries of all lists together, and of lists.
    """

    def __init__(
        self, state: ShardState, reader: ListReader, max_entries: int = MAX_ENTRIES, max_lists: int = MAX_LISTS
    ) -> None:
        self._state, self._reader = state, reader
        self._max_entries, self._max_lists = max_entries, max_lists
        self.tables: dict[str, TextTable] = {}
        """Entries by the name of their list."""
        self._newest_ms = 0
        self._refused: dict[str, str] = {}

    def begin(self, first: Mapping[str, bytes]) -> dict[str, str]:
        """Read the state.

        Parameters
        ----------
        first : mapping of str to bytes
            Entries by name that a shard without state begins with.

        Returns
        -------
        dict of str to str
            By the id of each change with an entry of `first` that is refused, why.
        """
        entries = self._state.list_entries
        self._put(ReadEntry.decode(name, entries.get(name)) for name in list(entries.keys()))
        if not first:
            return {}
        read = self._reader.read_first(first)
        return self._follow(read) | read.refusals

    def apply(self, read: ReadEntries) -> dict[str, str]:
        """Follow the entries of a batch.

        Returns
        -------
        dict of str to str
            By the id of each change that ended or was refused, why it was refused; empty where all of it is followed.
        """
        refused = self._follow(read) | read.refusals
        self._remove_ended()
        self._refused |= refused
        answers = refused | {change_id: self._refused.pop(change_id, "") for change_id in dict.fromkeys(read.finished)}
        while len(self._refused) > MAX_OPEN_REFUSALS:
            del self._refused[next(iter(self._refused))]
        return answers

    def advance(self, newest_ms: int) -> None:
        """Note the event time of a batch's newest transaction: entries that ended long before it are removed."""
        self._newest_ms = max(self._newest_ms, newest_ms)

    def _follow(self, read: ReadEntries) -> dict[str, str]:
        """Keep entries, or remove those that are gone; returns why changes are refused, by their ids."""
        stored = self._state.list_entries
        gone = {name: entry for name, entry in read.entries.items() if entry.is_gone and stored.contains(name)}
        for name in gone:
            stored.remove(name)
        self._put(gone.values())
        self._drop_empty()
        kept, refused = self._within_bounds({name: entry for name, entry in read.entries.items() if not entry.is_gone})
        self._state.put_all(stored, {name: entry.encode() for name, entry in kept.items()})
        self._put(kept.values())
        return refused

    def _within_bounds(self, entries: dict[str, ReadEntry]) -> tuple[dict[str, ReadEntry], dict[str, str]]:
        """Leave out the new entries that there is no room for; returns the others, and refusals by changes' ids."""
        room, lists = self._max_entries - sum(map(len, self.tables.values())), {*self.tables}
        if len(entries) <= room and len(lists | {entry.list for entry in entries.values()}) <= self._max_lists:
            return entries, {}
        kept, refused = dict[str, ReadEntry](), dict[str, str]()
        for name, entry in entries.items():
            new = not self._state.list_entries.contains(name)
            change_id = entry.change_id if len(refused) < MAX_REFUSED_CHANGES else ""
            if new and room <= 0:
                refused[change_id] = (
                    f"expected at most {self._max_entries:,} entries of all lists, got more. "
                    "Remove some, see `fraudstream rules lists ls`."
                )
            elif new and entry.list not in lists and len(lists) >= self._max_lists:
                refused[change_id] = f"expected at most {self._max_lists:,} lists with entries, got more."
            else:
                kept[name], room = entry, room - new
                lists.add(entry.list)
        return kept, refused

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
        self._drop_empty()

    def _drop_empty(self) -> None:
        self.tables = {name: table for name, table in self.tables.items() if len(table)}
