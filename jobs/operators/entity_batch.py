"""Events of a micro-batch on their way to the entity shards of a lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.lanes import NO_PART, LanePart, decode_shards, encode_shards
from jobs.operators.packed import pack, unpack
from models.declared.aggregate_engine import AggregateEvents
from models.features.entities.entity_record import EVENT

_NOTHING = slice(0, 0)


class EntityBatch(NamedTuple):
    """n events of merchants and devices, and those of declared features.

    Parameters
    ----------
    events : ndarray of EVENT, (n,)
    units : ndarray of float64, (n,)
        Minor units of each event's currency.
    declared : sequence of AggregateEvents
        Of each entity with declared features; empty where none are declared.
    """

    events: NDArray[Any]
    units: NDArray[np.float64]
    declared: Sequence[AggregateEvents] = ()

    def by_lane(self, parts_of: Callable[[NDArray[np.uint64]], Iterable[LanePart]]) -> list[tuple[int, bytes]]:
        """Return the keys of the lanes that have any of the events, each with these as bytes.

        Parameters
        ----------
        parts_of : callable
            Gives the lanes that have any of some entities, by their keys.
        """
        of_kinds = [self.events["key"], *(events.keys for events in self.declared)]
        found: dict[int, list[LanePart]] = {}
        for kind, keys in enumerate(of_kinds):
            for part in parts_of(keys):
                found.setdefault(part.lane, [NO_PART] * len(of_kinds))[kind] = part
        return [(lane, self._encoded(*parts)) for lane, parts in found.items()]

    def _encoded(self, part: LanePart, *declared: LanePart) -> bytes:
        """Return the events of a lane as bytes; the parts have their rows."""
        blob = [encode_shards(part), self.events[part.rows].tobytes(), self.units[part.rows].tobytes()]
        for events, mine in zip(self.declared, declared, strict=True):
            blob += [encode_shards(mine), *(column[mine.rows].tobytes() for column in events)]
        return pack(blob)


def decode_entity_batches(raw: bytes) -> Iterator[tuple[int, EntityBatch]]:
    """Yield the keys of the shards in a blob of `EntityBatch.by_lane`, each with its events."""
    shards, packed_events, packed_units, *packed = unpack(raw)
    events, units = np.frombuffer(packed_events, EVENT), np.frombuffer(packed_units, "<f8")
    rows_of = [dict(decode_shards(shards)), *(dict(decode_shards(packed[at])) for at in range(0, len(packed), 4))]
    declared = [AggregateEvents.of_bytes(*packed[at : at + 3]) for at in range(1, len(packed), 4)]
    for shard in dict.fromkeys(shard for found in rows_of for shard in found):
        rows, *own = (found.get(shard, _NOTHING) for found in rows_of)
        of_kinds = [part.part(some.start, some.stop) for part, some in zip(declared, own, strict=True)]
        yield shard, EntityBatch(events[rows], units[rows], of_kinds)
