from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.features.history import ENTRY, HEADER, HEADERS, K, check_history


class HistoryPool:
    """Histories of many customers in one array: a cache of the encoded histories in the state.

    It is written through (`FeatureEngine.changed` after each batch), so it may be emptied between batches at
    any time.

    Parameters
    ----------
    capacity : int
        Customers held, 2.5 kB each (touched memory only). Full, it is emptied; one batch with more makes it
        grow.
    load : callable of str to bytes or None, or None
        Gives the encoded history of a customer not held, None for a new customer. Without it nothing is ever
        emptied.

    Attributes
    ----------
    entries : ndarray of ENTRY, (capacity, K)
        Oldest first; the first ``counts[slot]`` of a row are valid.
    counts : ndarray of int32, (capacity,)
    """

    def __init__(self, *, capacity: int, load: Callable[[str], bytes | None] | None) -> None:
        if capacity < 1:
            raise ValueError(f"capacity: expected 1 customer or more, was {capacity}")
        self._load = load
        self._slots: dict[str, int] = {}
        self._allocate(capacity)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def capacity(self) -> int:
        """Customers that fit."""
        return len(self.counts)

    def slots(self, customers: list[str]) -> NDArray[np.int64]:
        """Return the row of each customer, bringing in those that are not held.

        Rows given out before are no longer good.

        Parameters
        ----------
        customers : list of str, n of them
            With repetitions.

        Returns
        -------
        ndarray of int64, (n,)

        Raises
        ------
        HistoryVersionError
            A loaded history can't be read.
        """
        found = list(map(self._slots.get, customers))
        if None in found:
            self._bring_in(list(dict.fromkeys(customers)))
            found = list(map(self._slots.get, customers))
        return np.array(found, np.int64)

    def encode(self, slot: int, count: int) -> bytes:
        """Return `encode_history` of the first ``count`` entries of a row, at a third of its cost."""
        start = slot * self._row_bytes
        return b"".join((HEADERS[count], self._bytes[start : start + count * ENTRY.itemsize]))

    def clear(self) -> None:
        """Forget every customer."""
        self._slots.clear()

    def _bring_in(self, customers: list[str]) -> None:
        missing = [customer for customer in customers if customer not in self._slots]
        if len(self) + len(missing) > self.capacity:
            if self._load is None:
                self._grow(len(self) + len(missing))
            else:
                self.clear()
                missing = customers
                if len(missing) > self.capacity:
                    self._grow(len(missing))
        for customer in missing:
            slot = len(self)
            self.counts[slot] = self._fill(slot, self._load(customer) if self._load else None)
            self._slots[customer] = slot

    def _fill(self, slot: int, raw: bytes | None) -> int:
        if raw is None:
            return 0
        count = check_history(raw)
        start = slot * self._row_bytes
        self._bytes[start : start + count * ENTRY.itemsize] = raw[HEADER.size :]
        return count

    def _grow(self, least: int) -> None:
        entries, counts = self.entries, self.counts
        self._allocate(max(least, 2 * self.capacity))
        held = len(self)
        self.entries[:held] = entries[:held]
        self.counts[:held] = counts[:held]

    def _allocate(self, capacity: int) -> None:
        self.entries = np.zeros((capacity, K), ENTRY)
        self.counts = np.zeros(capacity, np.int32)
        self._bytes = self.entries.view(np.uint8).reshape(-1).data
        self._row_bytes = K * ENTRY.itemsize
