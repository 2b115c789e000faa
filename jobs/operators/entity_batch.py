"""Events of a micro-batch on their way to an entity shard."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.operators.packed import pack, unpack
from models.features.entities.entity_record import EVENT


class EntityBatch(NamedTuple):
    """n events.

    Parameters
    ----------
    events : ndarray of EVENT, (n,)
    units : ndarray of float64, (n,)
        Minor units of each event's currency.
    """

    events: NDArray[Any]
    units: NDArray[np.float64]

    def encode(self) -> bytes:
        """Return the events as bytes."""
        return pack((self.events.tobytes(), self.units.tobytes()))

    @classmethod
    def decode(cls, raw: bytes) -> EntityBatch:
        """Read what `encode` wrote."""
        events, units = unpack(raw)
        return cls(np.frombuffer(events, EVENT), np.frombuffer(units, "<f8"))

    def take(self, rows: NDArray[np.intp]) -> EntityBatch:
        """Return some of the events."""
        return EntityBatch(self.events[rows], self.units[rows])
