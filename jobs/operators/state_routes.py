"""Routes of a shard's state into the shards of another job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

Routes = Mapping[str, "StateRoute"]
"""Routes by the names of the state's handles."""


class Route(Enum):
    """Shards of another job that need an entry of this one's state."""

    CUSTOMER = "customer"
    """The shard of the customer that is the entry's key."""
    ENTITY = "entity"
    """The shard of the entity whose signed hash is the entry's key."""
    SIGNAL = "signal"
    """The drift signal that the entry is of."""
    EVERY_SHARD = "every shard"
    """All shards, as all shards of this job have the same."""
    MAXIMUM = "maximum"
    """All shards, each of the numbers being the largest of this job's shards."""
    NONE = "none"
    """No shard: empty in a savepoint or written as records by then, made of the records again, or of a moment."""


@dataclass(frozen=True)
class StateRoute:
    """Route of a handle's entries.

    Parameters
    ----------
    route : Route
    expires_on : str
        Handle of the index by which the keys expire, see `ExpiryIndex`; empty where they don't.
    newest_ms : callable of bytes to int, or None
        Gives the newest time of an entry, which that index needs.
    """

    route: Route
    expires_on: str = ""
    newest_ms: Callable[[bytes], int] | None = None
