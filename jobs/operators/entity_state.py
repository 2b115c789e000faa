"""Keyed state of the entity operator."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from pyflink.common import Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from jobs.job_config import Mode
from jobs.operators.bucketed_map import BucketedMap, high_bits
from jobs.operators.event_log import LOG_SEGMENTS
from jobs.operators.shard_state import read_record
from jobs.operators.state_routes import Route, Routes, StateRoute
from models.features.entities.entity_record import newest_event_time_ms
from models.features.label_record import newest_label_time_ms

ENTITY_ROUTES: Routes = MappingProxyType(
    {
        "entities": StateRoute(Route.ENTITY, "expires_on", newest_event_time_ms),
        "event_log": StateRoute(Route.NONE),
        "next_sequence": StateRoute(Route.MAXIMUM),
        "labels": StateRoute(Route.ENTITY, "expires_on", newest_label_time_ms),
        "label_log": StateRoute(Route.NONE),
        "label_offsets": StateRoute(Route.MAXIMUM),
        "expires_on": StateRoute(Route.NONE),
    }
)
"""Routes of the handles of `EntityState`."""

BUCKETS, LABEL_BUCKETS = 16, 4
"""Parts of the entities, which are written and copied one after the other, and of their labels. RocksDB has a column
family for each."""


class EntityState:
    """Keyed state of the entity operator; each handle gives the current entity shard's part.

    All of it is bytes, and each kind says its own version.

    Attributes
    ----------
    entities : BucketedMap of an entity's hash, as a signed number, to `encode_entity`
        Entities, up to the events in the log.
    event_log : list of MapState of number to events
        Segments of the log of events advanced since the records were written, see `EventLog`. An entry is the first
        one's sequence number, then EVENTs.
    next_sequence : ValueState of a number
        Sequence number of the next event, not counting those in the log.
    labels : BucketedMap of an entity's hash, as a signed number, to `encode_labels`
        Known labels of entities, except for those in their log.
    label_log : MapState of number to ENTITY_LABELs
        Labels learned since their records were written.
    label_offsets : ValueState of `LabelOffsets`
        Next label of each partition.
    expires_on : MapState of day and number to the entities of an entry
        Day on which each entity expires unless there is news of it, see `ExpiryIndex`.
    """

    def __init__(self, context: RuntimeContext, mode: Mode) -> None:
        self._context, self._mode = context, mode
        self.entities = self._in_parts("entities", BUCKETS)
        self.event_log = [self._map(f"event_log_{part}", Types.LONG()) for part in range(LOG_SEGMENTS)]
        self.next_sequence = self._value("next_sequence")
        self.labels = self._in_parts("entity_labels", LABEL_BUCKETS)
        self.label_log = self._map("entity_label_log", Types.LONG())
        self.label_offsets = self._value("entity_label_offsets")
        self.expires_on = self._map("entities_expire_on", Types.STRING())

    def read(self, key: int) -> bytes | None:
        """Return an entity's record.

        Raises
        ------
        StateAccessError
            The backend raised an error.
        """
        return read_record(self.entities, signed(key), f"entity {key}")

    def read_labels(self, key: int) -> bytes | None:
        """Return the record of an entity's labels.

        Raises
        ------
        StateAccessError
            The backend raised an error.
        """
        return read_record(self.labels, signed(key), f"entity {key}")

    def _map(self, name: str, key: Any) -> Any:
        return self._context.get_map_state(MapStateDescriptor(name, key, Types.PICKLED_BYTE_ARRAY()))

    def _in_parts(self, name: str, count: int) -> BucketedMap[int]:
        parts = [self._map(f"{name}_{part}", Types.LONG()) for part in range(count)]
        return BucketedMap(parts, self._mode, high_bits)

    def _value(self, name: str) -> Any:
        return self._context.get_state(ValueStateDescriptor(name, Types.PICKLED_BYTE_ARRAY()))


def unsigned(key: int) -> int:
    """Return the hash of a `signed` one."""
    return key + (1 << 64) if key < 0 else key


def signed(key: int) -> int:
    """Return a 64-bit hash as Java's long of the same bits."""
    return key - (1 << 64) if key >> 63 else key
