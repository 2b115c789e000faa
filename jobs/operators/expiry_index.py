from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from models.features.window import HORIZON_MS
from schemas.durations import DAY_MS

KEPT_MS = HORIZON_MS + 30 * DAY_MS
"""How long a silent key is kept: so long that even a transaction a month late sees all within its horizon."""

MAX_AT_ONCE = 500
"""Keys looked at in one call, about: those of a day may be a million, and the batch must not wait for them."""

MAX_REMEMBERED = 100_000
"""Keys of which a shard remembers that they have an entry: it need not ask the state for each record that it writes."""

Records = tuple[Any, Callable[[bytes], int]]
"""A map state of key to record, and what gives a record's newest time, milliseconds since 1970."""


class ExpiryIndex:
    """Forgets the keys of a shard, its customers or its merchants, that nothing was heard of for KEPT_MS.

    Every key stands in one entry of a map, under the day on which to look at it again: then it is forgotten, or put
    under the day that the newest thing known of it says. So a day costs the few keys that are due, and no one ever
    walks over the whole state. No transaction less than a month late sees anything of what is forgotten, unless a
    label comes for the key after all that silence: older labels then count no more.

    Parameters
    ----------
    due : MapState of day and number to the keys of an entry
        With this shard's key current, now and at each call, as those below.
    records : sequence of Records
        All that is known of the keys.
    """

    def __init__(self, due: Any, records: Sequence[Records]) -> None:
        self._due = due
        self._records = records
        self._entries: dict[int, int] = {}
        for key in due.keys():  # noqa: SIM118 - no dict
            day = int(key.partition("/")[0])
            self._entries[day] = self._entries.get(day, 0) + 1
        self._remembered: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def expect(self, keys: Iterable[str], newest_ms: int) -> None:
        """Note keys that have no entry; ``newest_ms`` is the time of the newest thing known of them."""
        noted = list(keys)
        if not noted:
            return
        day = (newest_ms + KEPT_MS) // DAY_MS + 1
        number = self._entries.get(day, 0)
        self._due.put(f"{day}/{number}", json.dumps(noted).encode())
        self._entries[day] = number + 1

    def expect_changed(self, records: dict[str, bytes], newest_ms: Callable[[bytes], int]) -> None:
        """Note those keys of changed records that have no entry, as nothing is stored of them yet.

        Parameters
        ----------
        records : dict of key to record
            About to be stored.
        newest_ms : callable
            Gives a record's newest time, milliseconds since 1970.
        """
        unsure = records.keys() - self._remembered
        new: dict[int, list[str]] = {}
        for key in unsure:
            if not any(state.contains(key) for state, _ in self._records):
                new.setdefault(newest_ms(records[key]) // DAY_MS, []).append(key)
        for day, keys in new.items():
            self.expect(sorted(keys), day * DAY_MS + DAY_MS - 1)
        if len(self._remembered) + len(unsure) > MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered |= unsure

    def adopt(self, keys: Iterable[str]) -> None:
        """Note keys of an earlier version's state, where they had no entry: they are looked at soon."""
        left = iter(keys)
        while some := list(islice(left, MAX_AT_ONCE)):
            self.expect(some, -KEPT_MS)

    def forget(self, now_ms: int, heard_of: Callable[[str], bool]) -> list[str]:
        """Look at keys that are due at a time, MAX_AT_ONCE or so, and return those that were forgotten.

        Parameters
        ----------
        now_ms : int
            Milliseconds since 1970.
        heard_of : callable
            Whether something is known of a key that is not in its record yet: it is kept.
        """
        if not self._entries or min(self._entries) > now_ms // DAY_MS:
            return []
        silent: list[str] = []
        kept: dict[int, list[str]] = {}
        for key in self._take(now_ms // DAY_MS):
            newest_ms = now_ms if heard_of(key) else self._newest_ms(key)
            if newest_ms + KEPT_MS < now_ms:
                silent.append(key)
            else:
                kept.setdefault(newest_ms // DAY_MS, []).append(key)
        for day, keys in kept.items():
            self.expect(keys, day * DAY_MS + DAY_MS - 1)
        for state, _ in self._records:
            for key in silent:
                state.remove(key)
        self._remembered.difference_update(silent)
        return silent

    def _take(self, today: int) -> list[str]:
        keys: list[str] = []
        for day in sorted(day for day in self._entries if day <= today):
            while self._entries[day] and len(keys) < MAX_AT_ONCE:
                self._entries[day] -= 1  # from the last on, so that what is left is numbered without a gap
                entry = f"{day}/{self._entries[day]}"
                keys += json.loads(self._due.get(entry))
                self._due.remove(entry)
            if not self._entries[day]:
                del self._entries[day]
        return keys

    def _newest_ms(self, key: str) -> int:
        found = ((state.get(key), newest) for state, newest in self._records)
        return max((newest(raw) for raw, newest in found if raw), default=0)
