"""Cache of state records whose keys are hashes."""

import numpy as np
from numpy.typing import NDArray

from models.features.entities.slot_index import SlotIndex
from models.features.write_behind_pool import WriteBehindPool


class HashedPool(WriteBehindPool[int]):
    """Pool whose keys are 64-bit hashes other than 0, so that those of a batch are found at once.

    Attributes
    ----------
    keys : ndarray of uint64, (capacity,)
        Key of each row, 0 for one that is not used.
    """

    keys: NDArray[np.uint64]

    def slots_of(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return `slots` of keys, (n,); those that are held cost a fraction of a microsecond for all."""
        slots = self._index.find(self.keys, keys)
        missing = np.flatnonzero(slots < 0)
        if len(missing):
            others = keys[missing].tolist()
            if len({key for key in others if key not in self._slots}) > len(self._free):
                missing, others = np.arange(len(keys)), keys.tolist()  # some leave, but none of the batch's own
            slots[missing] = found = self.slots(others)
            self.keys[found] = keys[missing]
            self._index.add(self.keys, found)
        self._used_in[slots] = self._generation
        return slots

    def _release_all(self, keys: list[int], slots: NDArray[np.int64]) -> None:
        super()._release_all(keys, slots)
        self.keys[slots] = 0

    def _allocate(self, capacity: int) -> None:
        self._index = SlotIndex(capacity)
