"""Index of the rows of a pool by key."""

# Compiled functions are typed by their arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
import numpy as np
from numba import uint64
from numpy.typing import NDArray

from models.features.compiled import compiled, inlined

_WAYS = 4
_SPREAD = uint64(0x9E3779B97F4A7C15)  # 2 ** 64 over the golden ratio


class SlotIndex:
    """Rows of a pool by key, for many keys at once; some of the keys may be absent from it.

    It needs no removal: an entry counts only while its row has the key. A key has one of four entries, and another may
    displace it: then the pool finds it by its own means.

    Parameters
    ----------
    capacity : int
        Rows of the pool.
    """

    def __init__(self, capacity: int) -> None:
        self._bits = max(1, (capacity - 1).bit_length())
        self._entries = np.zeros(_WAYS << self._bits, np.int32)

    def find(self, held: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the row of each key, -1 for one that is absent, (n,).

        Parameters
        ----------
        held : ndarray of uint64, (capacity,)
            The key of each row, 0 for a row without.
        keys : ndarray of uint64, (n,)
            Other than 0.
        """
        slots = np.empty(len(keys), np.int64)
        find(self._entries, self._bits, held, keys, slots)
        return slots

    def add(self, held: NDArray[np.uint64], slots: NDArray[np.int64]) -> None:
        """Add rows, whose keys are among those held."""
        add(self._entries, self._bits, held, slots)


@inlined
def _first_entry(key, bits):
    """Return the first of a key's four entries."""
    return np.int64((key * _SPREAD) >> uint64(64 - bits)) * _WAYS


@compiled
def find(entries, bits, held, keys, slots):
    """Write the row of each key, -1 for one that is absent."""
    for i in range(keys.size):
        first = _first_entry(keys[i], bits)
        slots[i] = -1
        for entry in range(first, first + _WAYS):
            if held[entries[entry]] == keys[i]:
                slots[i] = entries[entry]
                break


@compiled
def add(entries, bits, held, slots):
    """Put each row into an entry of its key: one whose row has another key now, or else the first."""
    for i in range(slots.size):
        first = _first_entry(held[slots[i]], bits)
        chosen = first
        for entry in range(first + _WAYS - 1, first - 1, -1):
            key = held[entries[entry]]
            if entries[entry] == slots[i] or not key or _first_entry(key, bits) != first:
                chosen = entry
        entries[chosen] = slots[i]
