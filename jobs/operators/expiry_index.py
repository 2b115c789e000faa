"""Expiry of silent keys by event time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from models.features.window import HORIZON_MS
from schemas.durations import DAY_MS

KEPT_MS = HORIZON_MS + 30 * DAY_MS
"""Time for which a silent key is kept: even a transaction a month late has its whole horizon."""

MAX_AT_ONCE = 500
"""Approximate number of keys checked in one call: a day may have a million, and the batch must not wait for them."""

MAX_REMEMBERED = 100_000
"""Keys, in each of two generations, known to have an entry: they spare a read of the state for each record written."""

Key = TypeVar("Key", str, int)

Records = tuple[Any, Callable[[bytes], int]]
"""A map state of key to record, and what gives a record's newest time, milliseconds since 1970."""


class ExpiryIndex(Generic[Key]):
    """Index of the days on which the keys of a shard expire after KEPT_MS of silence.

    Every key is in one entry of a map, under the day of its next check. On that day it expires, or moves to the day
    that follows from its newest record. A day costs the few keys that are due, and the state is never scanned. An
    expired key changes no feature of a transaction that is less than a month late, unless a label arrives for it after
    all that silence: older labels no longer count.

    Parameters
    ----------
    expires_on : MapState of day and number to the keys of an entry
        With this shard's key current, now and at each call, as those below.
    records : sequence of Records
        Records of the keys.
    max_remembered : int
        See MAX_REMEMBERED.
    """

    def __init__(self, expires_on: Any, records: Sequence[Records], max_remembered: int = MAX_REMEMBERED) -> None:
        self._expires_on = expires_on
        self._max_remembered = max_remembered
        self._records = records
        self._entries: dict[int, int] = {}
        for key in expires_on.keys():  # noqa: SIM118 - no dict
            day = int(key.partition("/")[0])
            self._entries[day] = self._entries.get(day, 0) + 1
        self._remembered: set[Key] = set()
        self._remembered_before: set[Key] = set()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def schedule(self, keys: Iterable[Key], newest_ms: int) -> None:
        """Add keys that have no entry; ``newest_ms`` is the time of their newest record."""
        noted = list(keys)
        if not noted:
            return
        day = (newest_ms + KEPT_MS) // DAY_MS + 1
        number = self._entries.get(day, 0)
        self._expires_on.put(f"{day}/{number}", json.dumps(noted).encode())
        self._entries[day] = number + 1

    def schedule_changed(self, records: Mapping[Key, bytes], newest_ms: Callable[[bytes], int]) -> None:
        """Add those keys of changed records that have no entry, since nothing is stored under them yet.

        Parameters
        ----------
        records : dict of key to record
            About to be stored.
        newest_ms : callable
            Gives a record's newest time, milliseconds since 1970.
        """
        unsure = records.keys() - self._remembered - self._remembered_before
        new: dict[int, list[Key]] = {}
        for key in unsure:
            if not any(state.contains(key) for state, _ in self._records):
                new.setdefault(newest_ms(records[key]) // DAY_MS, []).append(key)
        for day, keys in new.items():
            self.schedule(sorted(keys), day * DAY_MS + DAY_MS - 1)
        self.remember(unsure)

    def remember(self, keys: Iterable[Key]) -> None:
        """Note that some keys have an entry, as those have that a record was read of."""
        self._remembered.update(keys)
        if len(self._remembered) >= self._max_remembered:
            self._remembered, self._remembered_before = set(), self._remembered

    def backfill(self, keys: Iterable[Key]) -> None:
        """Add keys of an earlier version's state, which had no entries; they are checked soon."""
        left = iter(keys)
        while some := list(islice(left, MAX_AT_ONCE)):
            self.schedule(some, -KEPT_MS)

    def expire(self, now_ms: int, is_pending: Callable[[Key], bool]) -> list[Key]:
        """Check about MAX_AT_ONCE keys that are due, remove the silent ones, and return these.

        Parameters
        ----------
        now_ms : int
            Milliseconds since 1970.
        is_pending : callable
            Whether a key has changes that are not in its record yet: it is kept.
        """
        if not self._entries or min(self._entries) > now_ms // DAY_MS:
            return []
        silent: list[Key] = []
        kept: dict[int, list[Key]] = {}
        for key in self._pop_due(now_ms // DAY_MS):
            newest_ms = now_ms if is_pending(key) else self._newest_ms(key)
            if newest_ms + KEPT_MS < now_ms:
                silent.append(key)
            else:
                kept.setdefault(newest_ms // DAY_MS, []).append(key)
        for day, keys in kept.items():
            self.schedule(keys, day * DAY_MS + DAY_MS - 1)
        for state, _ in self._records:
            for key in silent:
                state.remove(key)
        self._remembered.difference_update(silent)
        self._remembered_before.difference_update(silent)
        return silent

    def _pop_due(self, today: int) -> list[Key]:
        keys: list[Key] = []
        for day in sorted(day for day in self._entries if day <= today):
            while self._entries[day] and len(keys) < MAX_AT_ONCE:
                self._entries[day] -= 1  # from the last on, so that what is left is numbered without a gap
                entry = f"{day}/{self._entries[day]}"
                keys += json.loads(self._expires_on.get(entry))
                self._expires_on.remove(entry)
            if not self._entries[day]:
                del self._entries[day]
        return keys

    def _newest_ms(self, key: Key) -> int:
        found = ((state.get(key), newest) for state, newest in self._records)
        return max((newest(raw) for raw, newest in found if raw), default=0)
