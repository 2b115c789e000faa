"""Registry lookups that never stop a stream: outages and unknown ids are answered from memory for a while."""

import time
from collections.abc import Callable

from schemas.avro_schemas import OwnSchema
from schemas.errors import UserError
from schemas.open_registry import open_registry
from schemas.registry import RegistryUnavailableError, SchemaRegistry, UnknownSchemaError
from schemas.registry_access import RegistryAccess

ASK_AGAIN_S = 60.0
MISSES = 50
"""Unknown ids looked up in ASK_AGAIN_S: a flood of invented ids must not delay the other records."""
LIST_S = 5.0
"""Seconds between two listings of our subjects' ids, once MISSES is reached."""


class ResilientRegistry:
    """A registry for a job: an id that can't be looked up now is unknown, and is looked up again later.

    An unknown id, or a registry that is down, must neither stop the stream nor end the job: the records with
    known schemas continue, the others become dead letters that can be replayed. So an outage costs the stream one wait
    in ASK_AGAIN_S, and invented ids cost it MISSES lookups. Beyond these, an id is looked up only where a subject
    lists it: a flood of invented ids hides no schema that is registered for our topics.

    Parameters
    ----------
    registry : SchemaRegistry
        Registry behind this one.
    clock : callable
        Monotonic clock, in seconds.
    """

    def __init__(self, registry: SchemaRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._own: dict[tuple[str, str | OwnSchema], int] = {}
        self._known: dict[int, str] = {}
        self._unknown: dict[int, str] = {}
        self._outage = ""
        self._forget_at = 0.0
        self._listed: set[int] = set()
        self._list_at = 0.0

    def id_for(self, subject: str, name: str | OwnSchema) -> int:
        """Return the id of our own schema. It is looked up once, when the job starts, which fails without it."""
        if (subject, name) not in self._own:
            self._own[subject, name] = self._registry.id_for(subject, name)
        return self._own[subject, name]

    def ids(self, subject: str, name: str | OwnSchema) -> list[int]:
        """Return the ids of a subject's versions."""
        return self._registry.ids(subject, name)

    def schema_for(self, schema_id: int) -> str:
        """Return the schema of `schema_id`, or raise UnknownSchemaError."""
        if schema_id in self._known:
            return self._known[schema_id]
        if self._clock() >= self._forget_at:
            self._unknown, self._outage = {}, ""
            self._forget_at = self._clock() + ASK_AGAIN_S
        if schema_id in self._unknown:
            raise UnknownSchemaError(self._unknown[schema_id])
        if not self._outage and (len(self._unknown) < MISSES or self._is_listed(schema_id)):
            return self._lookup(schema_id)
        why = self._outage or f"too many unknown ids in {ASK_AGAIN_S:.0f} s"
        raise UnknownSchemaError(f"expected a known schema id, got {schema_id}, not looked up: {why}")

    def _is_listed(self, schema_id: int) -> bool:
        """Return whether a subject of ours has the id, by a listing that is at most LIST_S old."""
        if schema_id not in self._listed and self._clock() >= self._list_at:
            try:
                self._listed = {found for subject, name in self._own for found in self._registry.ids(subject, name)}
            except RegistryUnavailableError as error:
                self._begin_outage(error)
            except UserError:
                pass  # the registry answers, but with no list: the former one stays
            self._list_at = self._clock() + LIST_S
        return schema_id in self._listed

    def _lookup(self, schema_id: int) -> str:
        try:
            self._known[schema_id] = self._registry.schema_for(schema_id)
        except UnknownSchemaError as error:
            self._unknown[schema_id] = str(error)
            raise
        except RegistryUnavailableError as error:
            self._begin_outage(error)
            raise UnknownSchemaError(str(error)) from None
        except UserError as error:
            # The registry answers, but not with a schema: an unknown id, to be looked up again.
            self._unknown[schema_id] = str(error)
            raise UnknownSchemaError(str(error)) from None
        return self._known[schema_id]

    def _begin_outage(self, error: RegistryUnavailableError) -> None:
        # From now on, not from when the wait began.
        self._outage, self._forget_at = str(error), self._clock() + ASK_AGAIN_S


def open_steady_registry(access: RegistryAccess | None) -> SchemaRegistry:
    """Return the registry for a job; the committed file never fails and never changes."""
    registry = open_registry(access)
    return registry if access is None else ResilientRegistry(registry)
