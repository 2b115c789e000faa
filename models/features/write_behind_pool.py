"""Cache of state records that are not stored after each batch."""

from abc import abstractmethod
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from models.features.pool import Key, Pool


class WriteBehindPool(Pool[Key]):
    """Pool whose records are stored some time after they changed: until taken they stay here, or aside once they leave.

    Attributes
    ----------
    changed : ndarray of uint8, (capacity,)
        1 where a row is not stored yet.
    """

    changed: NDArray[np.uint8]

    def __init__(self, *, capacity: int, load: Callable[[Key], bytes | None] | None) -> None:
        super().__init__(capacity=capacity, load=load)
        self._unsaved: dict[Key, bytes] = {}

    def changed_keys(self) -> list[Key]:
        """Return the keys whose records changed since they were last taken."""
        keys = dict.fromkeys(self._unsaved)
        if self.changed.any():
            keys |= dict.fromkeys(key for key, slot in self._slots.items() if self.changed[slot])
        return list(keys)

    def take(self, keys: Iterable[Key]) -> dict[Key, bytes]:
        """Return the records of those among some keys that changed since they were last taken: to be stored now."""
        taken: dict[Key, bytes] = {}
        for key in keys:
            slot = self._slots.get(key)
            if slot is not None and self.changed[slot]:
                self._set_aside(key, slot)
            if key in self._unsaved:
                taken[key] = self._unsaved.pop(key)
        return taken

    def awaits_storing(self, key: Key) -> bool:
        """Return whether `take` would give a key's record."""
        slot = self._slots.get(key)
        return key in self._unsaved or (slot is not None and bool(self.changed[slot]))

    def _set_aside(self, key: Key, slot: int) -> None:
        self._unsaved[key] = self._encoded(slot)
        self.changed[slot] = 0

    def _stored(self, key: Key) -> bytes | None:
        return self._unsaved.get(key) or super()._stored(key)

    def _release(self, key: Key, slot: int) -> None:
        """Encode what is not stored yet, so that the row may be used for another."""
        if self.changed[slot]:
            self._set_aside(key, slot)

    @abstractmethod
    def _encoded(self, slot: int) -> bytes:
        """Return the record of a row."""
