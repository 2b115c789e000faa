"""Live features of the entities of one kind."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.entities import entity_kernel
from models.features.entities.entity_pool import EntityPool, Load
from models.features.entities.stored_entities import StoredEntities
from models.features.feature_layout import FeatureLayout


class EntityFeatures(NamedTuple):
    """Result of n events.

    Parameters
    ----------
    x : ndarray of float32, (n, features)
    sequences : ndarray of int64, (n,)
        Sequence number of each event, which grows within its entity.
    counted : ndarray of bool, (n,)
        False for a duplicate, which changes nothing.
    """

    x: NDArray[np.float32]
    sequences: NDArray[np.int64]
    counted: NDArray[np.bool_]


class EntityEngine(StoredEntities[EntityPool]):
    """Advances entities of one kind by their events, in the order of arrival, and describes each event.

    However a stream is cut into batches, the features and the records are the same, bit for bit.

    What an event meets:

    - Earlier events: those of the entity that arrived before it with an event time below its own.
    - Windows: exact over the newest RECENT events; beyond them each tile that overlaps a window counts as a whole.
    - Distinct customers: exact while a window lies within the entries; beyond, the larger of that number and a
      HyperLogLog estimate with a standard error of 13 %.
    - New customers: not among the entries, nor among about the last 256 to 512 customers whose events left them (a
      Bloom filter of two generations, at most 6 % of new ones taken for known).
    - A duplicate (its transaction is among the entries, or among the last 1,024 that left them within 7 days): it is
      described, and changes nothing.
    - An entity without an event for 90 days before this one starts empty.

    Parameters
    ----------
    layout : FeatureLayout
        Columns to write.
    load : callable of int to bytes or None, or None
        Record of an entity that is not in memory; None: memory is all, and grows.
    capacity : int
        Entities held in memory.
    next_sequence : int
        Sequence number of the next event.
    """

    def __init__(
        self, layout: FeatureLayout, *, load: Load | None, capacity: int = 16_384, next_sequence: int = 0
    ) -> None:
        self._layout = layout
        self._width = int(layout.columns.max()) + 1
        super().__init__(EntityPool(capacity=capacity, load=load), next_sequence)

    def advance(self, events: NDArray[np.void]) -> EntityFeatures:
        """Describe n events of EVENT with keys other than 0, and add them to their entities."""
        n = len(events)
        x, counted = self._described(events, self.next_sequence, adds=True)
        sequences = np.arange(self.next_sequence, self.next_sequence + n, dtype=np.int64)
        self.next_sequence += n
        return EntityFeatures(x, sequences, counted.view(np.bool_))

    def describe(self, events: NDArray[np.void]) -> NDArray[np.float32]:
        """Return the features that n events would have now, (n, features); nothing is added."""
        return self._described(events, self.next_sequence, adds=False)[0]

    def restore(self, first_sequence: int, events: NDArray[np.void]) -> None:
        """Add events that were advanced before, except where an entity's record has seen them already.

        Parameters
        ----------
        first_sequence : int
            Sequence number of the first.
        events : ndarray of EVENT, (n,)
        """
        self._described(events, first_sequence, adds=True)
        self.next_sequence = max(self.next_sequence, first_sequence + len(events))

    def _described(
        self, events: NDArray[np.void], first_sequence: int, *, adds: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        n, pool, layout = len(events), self._pool, self._layout
        slots = pool.slots_of(events["key"])
        x, counted = np.empty((n, self._width), np.float32), np.zeros(n, np.uint8)
        entity_kernel.advance(
            pool.rows, pool.ids.with_room_for(n), layout.arrays, slots, events, first_sequence, adds, counted, x,
        )  # fmt: skip
        return x, counted
