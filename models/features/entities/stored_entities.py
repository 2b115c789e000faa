"""Entities of one kind in memory, whose records are stored some time after they changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from models.features.entities.hashed_pool import HashedPool

EntitiesPool = TypeVar("EntitiesPool", bound=HashedPool)


class StoredEntities(Generic[EntitiesPool]):
    """Base of the engines of entities.

    Attributes
    ----------
    next_sequence : int
        Sequence number of the next event.

    Parameters
    ----------
    pool : HashedPool
    next_sequence : int
    """

    def __init__(self, pool: EntitiesPool, next_sequence: int) -> None:
        self._pool = pool
        self.next_sequence = next_sequence

    def __len__(self) -> int:
        """Return the number of entities held in memory."""
        return len(self._pool)

    def changed(self) -> list[int]:
        """Return the keys of the entities whose records `records` would give."""
        return self._pool.changed_keys()

    def records(self, keys: Iterable[int]) -> dict[int, bytes]:
        """Return the records of those among some entities that changed: ``load`` must find them from now on."""
        return self._pool.take(keys)

    def awaits_storing(self, key: int) -> bool:
        """Return whether `records` would give an entity."""
        return self._pool.awaits_storing(key)

    def drop(self, keys: Iterable[int]) -> None:
        """Forget entities that the store has forgotten."""
        self._pool.drop(keys)
