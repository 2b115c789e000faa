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
        asked = list(dict.fromkeys(keys))
        held = [key for key in asked if key in self._slots]
        self._set_aside(held, np.array([self._slots[key] for key in held], np.int64))
        return {key: self._unsaved.pop(key) for key in asked if key in self._unsaved}

    def awaits_storing(self, key: Key) -> bool:
        """Return whether `take` would give a key's record."""
        slot = self._slots.get(key)
        return key in self._unsaved or (slot is not None and bool(self.changed[slot]))

    def _set_aside(self, keys: list[Key], slots: NDArray[np.int64]) -> None:
        """Encode those of n rows that are not stored yet."""
        changed = np.flatnonzero(self.changed[slots])
        if len(changed):
            rows = slots[changed]
            self._unsaved.update(zip([keys[index] for index in changed.tolist()], self._encoded(rows), strict=True))
            self.changed[rows] = 0

    def _stored(self, key: Key) -> bytes | None:
        return self._unsaved.get(key) or super()._stored(key)

    def _release_all(self, keys: list[Key], slots: NDArray[np.int64]) -> None:
        """Encode what is not stored yet, so that the rows may be used for others."""
        self._set_aside(keys, slots)

    @abstractmethod
    def _encoded(self, slots: NDArray[np.int64]) -> list[bytes]:
        """Return the records of n rows."""
