from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Load = Callable[[str], bytes | None]
"""Gives what is stored under a key, None when there is nothing."""


class Pool(ABC):
    """Decoded records of many keys in one set of arrays: a cache of the encoded records in the state.

    Parameters
    ----------
    capacity : int
        Records held. Full, the pool is emptied; one batch with more keys makes it grow.
    load : callable of str to bytes or None, or None
        Gives the encoded record of a key not held, None for a new one. Without it nothing is ever emptied.
    """

    def __init__(self, *, capacity: int, load: Load | None) -> None:
        if capacity < 1:
            raise ValueError(f"capacity: expected 1 or more, was {capacity}")
        self._load = load
        self._slots: dict[str, int] = {}
        self._used = 0
        self._capacity = capacity
        self._allocate(capacity)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def capacity(self) -> int:
        """Records that fit."""
        return self._capacity

    def slots(self, keys: list[str]) -> NDArray[np.int64]:
        """Return the row of each key, bringing in those that are not held.

        Rows given out before are no longer good.

        Parameters
        ----------
        keys : list of str, n of them
            With repetitions.

        Returns
        -------
        ndarray of int64, (n,)

        Raises
        ------
        HistoryVersionError
            A loaded record can't be read.
        """
        found = list(map(self._slots.get, keys))
        if None in found:
            self._bring_in(list(dict.fromkeys(keys)))
            found = list(map(self._slots.get, keys))
        return np.array(found, np.int64)

    def clear(self) -> None:
        """Forget every key: what the state holds is the same."""
        self._slots.clear()
        self._used = 0

    def drop(self, keys: Iterable[str]) -> None:
        """Forget some keys: their rows stay unused until all are forgotten."""
        for key in keys:
            self._slots.pop(key, None)

    def reload(self, keys: Iterable[str]) -> None:
        """Put what the store holds in place of what is held of some keys; those that it does not have are forgotten."""
        for key in dict.fromkeys(keys):
            slot = self._slots.get(key)
            if slot is None:
                continue
            raw = self._stored(key)
            if raw is None:
                del self._slots[key]
            else:
                self._fill(slot, raw)

    def _bring_in(self, keys: list[str]) -> None:
        missing = [key for key in keys if key not in self._slots]
        if self._used + len(missing) > self.capacity:
            if self._load is None:
                self._grow(self._used + len(missing))
            else:
                self.clear()
                missing = keys
                if len(missing) > self.capacity:
                    self._grow(len(missing))
        for key in missing:
            slot = self._used
            self._fill(slot, self._stored(key))
            self._slots[key] = slot
            self._used += 1

    def _stored(self, key: str) -> bytes | None:
        return self._load(key) if self._load else None

    def _grow(self, least: int) -> None:
        self._capacity = max(least, 2 * self._capacity)
        held, before = self._used, self._arrays()
        self._allocate(self._capacity)
        for grown, array in zip(self._arrays(), before, strict=True):
            grown[:held] = array[:held]

    @abstractmethod
    def _allocate(self, capacity: int) -> None:
        """Make the arrays, each with `capacity` rows."""

    @abstractmethod
    def _arrays(self) -> list[NDArray[np.generic]]:
        """Return the arrays that `_allocate` made, in one order."""

    @abstractmethod
    def _fill(self, slot: int, raw: bytes | None) -> None:
        """Put a stored record, or an empty one, into a row that may hold another's."""
