"""Keyed state of the entity operator of a job with declared features."""

from __future__ import annotations

from types import MappingProxyType

from pyflink.common import Types
from pyflink.datastream import RuntimeContext

from jobs.job_config import Mode
from jobs.operators.entity_state import ENTITY_ROUTES, EntityState, signed
from jobs.operators.event_log import LOG_SEGMENTS
from jobs.operators.shard_state import read_record
from jobs.operators.state_routes import Route, Routes, StateRoute
from models.declared.aggregate_record import newest_event_ms
from models.declared.declared_features import DeclaredFeatures

DECLARED_ROUTES: Routes = MappingProxyType(
    {
        **ENTITY_ROUTES,
        "declared": StateRoute(Route.ENTITY, "declared_expires_on", newest_event_ms),
        "declared_log": StateRoute(Route.NONE),
        "declared_next_sequence": StateRoute(Route.MAXIMUM),
        "declared_expires_on": StateRoute(Route.NONE),
    }
)
"""Routes of the handles of `DeclaredState`."""

BUCKETS = 16


class DeclaredState(EntityState):
    """Keyed state of the entity operator, with that of declared features. Other jobs do not have these handles.

    Attributes
    ----------
    declared : BucketedMap of an entity's hash, as a signed number, to `AggregateLayout.encode`
        Entities of all kinds, up to the events in the log: the hash is of the entity's name too. A record says which
        layout it is of.
    declared_log : list of MapState of number to events
        Segments of the log, see `DeclaredShard`.
    declared_next_sequence : ValueState of a number
        Sequence number that no event of any kind has, not counting those in the log.
    declared_expires_on : MapState of day and number to the entities of an entry
        See `ExpiryIndex`.
    """

    def __init__(self, context: RuntimeContext, mode: Mode) -> None:
        super().__init__(context, mode)
        self.declared = self._in_parts("declared", BUCKETS)
        self.declared_log = [self._map(f"declared_log_{part}", Types.LONG()) for part in range(LOG_SEGMENTS)]
        self.declared_next_sequence = self._value("declared_next_sequence")
        self.declared_expires_on = self._map("declared_expire_on", Types.STRING())

    def read_declared(self, key: int) -> bytes | None:
        """Return the record of an entity's declared features.

        Raises
        ------
        StateAccessError
            The backend raised an error.
        """
        return read_record(self.declared, signed(key), f"declared features of entity {key}")


def open_entity_state(
    context: RuntimeContext, mode: Mode, declared: DeclaredFeatures | None
) -> tuple[EntityState, Routes]:
    """Return the state of a job's entity operator, and the routes of its handles."""
    if declared is None:
        return EntityState(context, mode), ENTITY_ROUTES
    return DeclaredState(context, mode), DECLARED_ROUTES
