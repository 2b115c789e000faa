"""Events of a micro-batch on their way to the entity shards of a lane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.lanes import LanePart, decode_shards, encode_shards
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

    def encode(self, part: LanePart) -> bytes:
        """Return the events of a lane as bytes; ``part`` has their rows."""
        return pack((encode_shards(part), self.events[part.rows].tobytes(), self.units[part.rows].tobytes()))


def decode_entity_batches(raw: bytes) -> Iterator[tuple[int, EntityBatch]]:
    """Yield the keys of the shards in a blob of `EntityBatch.encode`, each with its events."""
    shards, packed_events, packed_units = unpack(raw)
    events, units = np.frombuffer(packed_events, EVENT), np.frombuffer(packed_units, "<f8")
    for shard, rows in decode_shards(shards):
        yield shard, EntityBatch(events[rows], units[rows])
