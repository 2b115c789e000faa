"""Sizes of a shard of entities."""

from __future__ import annotations

from typing import NamedTuple


class EntityFigures(NamedTuple):
    """Sizes of a shard now, and what it did since it was opened.

    An entity with declared features counts for these too.

    Parameters
    ----------
    held : int
        Entities in memory.
    log_entries : int
        Batches of events in the log.
    loaded, written, expired : int
        Records read from the state, written to it, and removed from it.
    """

    held: int
    log_entries: int
    loaded: int
    written: int
    expired: int

    def plus(self, other: EntityFigures) -> EntityFigures:
        """Return the sums of two."""
        return EntityFigures(*(one + more for one, more in zip(self, other, strict=True)))
