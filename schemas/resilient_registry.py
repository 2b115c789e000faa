import time
from collections.abc import Callable

from schemas.errors import UserError
from schemas.open_registry import open_registry
from schemas.registry import RegistryUnavailableError, SchemaRegistry, UnknownSchemaError
from schemas.registry_access import RegistryAccess

ASK_AGAIN_S = 60.0
MISSES = 50
"""So many unknown ids are looked up in ASK_AGAIN_S: whoever sends invented ones must not hold up the others."""


class ResilientRegistry:
    """A registry for a job: what it can't tell now is unknown, and is asked again later.

    An unknown id, or a registry that is down, must neither stop the stream nor end the job: the records with
    known schemas go on, the others become dead letters that can be replayed. So an outage costs the stream one wait
    in ASK_AGAIN_S, whatever comes in.

    Parameters
    ----------
    registry : SchemaRegistry
        The one that is asked.
    clock : callable
        Gives seconds that only grow.
    """

    def __init__(self, registry: SchemaRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._own: dict[tuple[str, str], int] = {}
        self._known: dict[int, str] = {}
        self._unknown: dict[int, str] = {}
        self._outage = ""
        self._forget_at = 0.0

    def id_for(self, subject: str, name: str) -> int:
        """Return the id of our own schema. It is asked for once, when the job starts, which fails without it."""
        if (subject, name) not in self._own:
            self._own[subject, name] = self._registry.id_for(subject, name)
        return self._own[subject, name]

    def ids(self, subject: str, name: str) -> list[int]:
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
        if self._outage or len(self._unknown) >= MISSES:
            why = self._outage or f"too many unknown ids in {ASK_AGAIN_S:.0f} s"
            raise UnknownSchemaError(f"expected a known schema id, was {schema_id}, not looked up: {why}")
        return self._look_up(schema_id)

    def _look_up(self, schema_id: int) -> str:
        try:
            self._known[schema_id] = self._registry.schema_for(schema_id)
        except UnknownSchemaError as error:
            self._unknown[schema_id] = str(error)
            raise
        except RegistryUnavailableError as error:
            # From now on, not from when the wait began.
            self._outage, self._forget_at = str(error), self._clock() + ASK_AGAIN_S
            raise UnknownSchemaError(str(error)) from None
        except UserError as error:
            # The registry answers, but not with a schema: as unknown as any, and asked for again.
            self._unknown[schema_id] = str(error)
            raise UnknownSchemaError(str(error)) from None
        return self._known[schema_id]


def open_steady_registry(access: RegistryAccess | None) -> SchemaRegistry:
    """Return the registry for a job; the committed file knows all that it will ever know, and never fails."""
    registry = open_registry(access)
    return registry if access is None else ResilientRegistry(registry)
