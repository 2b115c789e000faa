"""Cache of decoded state records in arrays."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Load = Callable[[str], bytes | None]
"""Gives what is stored under a key, None when there is nothing."""

Key = TypeVar("Key", bound=str | int)


class Pool(ABC, Generic[Key]):
    """Decoded records of many keys in one set of arrays: a cache of the encoded records in the state.

    It has two generations. Full, it lets those leave that were not used since half of it was last brought in; where
    these are too few, all but the batch's own.

    Parameters
    ----------
    capacity : int
        Records held; one batch with more keys makes it grow.
    load : callable of str or int to bytes or None, or None
        Gives the encoded record of a key not held, None for a new one. Without it nothing ever leaves.
    """

    def __init__(self, *, capacity: int, load: Callable[[Key], bytes | None] | None) -> None:
        if capacity < 1:
            raise ValueError(f"capacity: expected 1 or more, got {capacity}")
        self._load: Callable[[Key], bytes | None] | None = load
        self._slots: dict[Key, int] = {}
        self._free = list(range(capacity - 1, -1, -1))
        self._used_in = np.zeros(capacity, np.int64)
        self._generation = self._brought_in = 0
        self._capacity = capacity
        self._allocate(capacity)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def capacity(self) -> int:
        """Records that fit."""
        return self._capacity

    def slots(self, keys: list[Key]) -> NDArray[np.int64]:
        """Return the row of each key, bringing in those that are not held.

        Rows given out before are no longer good.

        Parameters
        ----------
        keys : list of str or int, n of them
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
            self._bring_in(dict.fromkeys(keys))
            found = list(map(self._slots.get, keys))
        slots = np.array(found, np.int64)
        self._used_in[slots] = self._generation
        return slots

    def drop(self, keys: Iterable[Key]) -> None:
        """Forget some keys: what the state holds is read when one comes again."""
        held = {key: slot for key in keys if (slot := self._slots.pop(key, None)) is not None}
        if held:
            self._release_all(list(held), np.array(list(held.values())))
            self._free.extend(held.values())

    def _bring_in(self, keys: dict[Key, None]) -> None:
        missing = [key for key in keys if key not in self._slots]
        if len(missing) > len(self._free):
            if self._load is not None:
                self._let_leave(keys, len(missing))
            if len(missing) > len(self._free):
                self._grow(len(self._slots) + len(missing))
        slots = self._free[-len(missing) :] if missing else []
        self._fill_all(slots, [self._stored(key) for key in missing])
        self._slots.update(zip(missing, slots, strict=True))
        del self._free[len(self._free) - len(slots) :]
        self._brought_in += len(missing)
        if 2 * self._brought_in >= self._capacity:
            self._generation += 1
            self._brought_in = 0

    def _let_leave(self, staying: dict[Key, None], needed: int) -> None:
        """Drop the elder generation, or all but those that stay where that makes too little room."""
        others = [(key, slot) for key, slot in self._slots.items() if key not in staying]
        used_in = self._used_in[[slot for _, slot in others]] if others else self._used_in[:0]
        elder = (used_in < self._generation).tolist()
        if len(self._free) + sum(elder) < needed:
            elder = [True] * len(others)
        self.drop([key for (key, _), leaves in zip(others, elder, strict=True) if leaves])

    def _stored(self, key: Key) -> bytes | None:
        return self._load(key) if self._load else None

    def _grow(self, least: int) -> None:
        held: int = self._capacity
        before = [*self._arrays(), self._used_in]
        self._capacity = max(least, 2 * held)
        self._allocate(self._capacity)
        self._used_in = np.zeros(self._capacity, np.int64)
        for grown, array in zip([*self._arrays(), self._used_in], before, strict=True):
            grown[:held] = array
        self._free = [*range(self._capacity - 1, held - 1, -1), *self._free]

    @abstractmethod
    def _release_all(self, keys: list[Key], slots: NDArray[np.int64]) -> None:
        """Give up what the rows of n keys that leave have besides the rows."""

    @abstractmethod
    def _allocate(self, capacity: int) -> None:
        """Make the arrays, each with `capacity` rows."""

    @abstractmethod
    def _arrays(self) -> list[NDArray[np.generic]]:
        """Return the arrays that `_allocate` made, in one order."""

    @abstractmethod
    def _fill_all(self, slots: list[int], raws: list[bytes | None]) -> None:
        """Put n stored records, or empty ones, into rows that may hold others'."""
