"""Declared features of the entities of one kind."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.declared import aggregate_kernel
from models.declared.aggregate_plan import AggregatePlan
from models.declared.aggregate_pool import AggregatePool
from models.declared.warm_up import warm_up_aggregates
from models.features.entities.entity_pool import Load
from models.features.entities.stored_entities import StoredEntities

Buffer = bytes | memoryview


class AggregateEvents(NamedTuple):
    """Transactions as one of their entities sees them, m of those that have it.

    Parameters
    ----------
    keys : ndarray of uint64, (m,)
        Hash of the entity, other than 0.
    rows : ndarray of int64, (m,)
        Row of the transaction.
    words : ndarray of int64, (m, words)
        See `AggregatePlan`.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int64]
    words: NDArray[np.int64]

    @classmethod
    def of_bytes(cls, keys: Buffer, rows: Buffer, words: Buffer) -> AggregateEvents:
        """Return events whose arrays are given as bytes; the kernel takes words that can be written alone."""
        found = np.frombuffer(keys, np.uint64)
        width = len(words) // 8 // max(1, len(found))
        return cls(
            found, np.frombuffer(rows, np.int64), np.frombuffer(words, np.int64).reshape(len(found), width).copy()
        )

    def part(self, begin: int, end: int | None = None) -> AggregateEvents:
        """Return the events from one to another."""
        return AggregateEvents(self.keys[begin:end], self.rows[begin:end], self.words[begin:end])

    def take(self, chosen: NDArray[np.int64]) -> AggregateEvents:
        """Return some events by their indices."""
        return AggregateEvents(self.keys[chosen], self.rows[chosen], self.words[chosen])


class AggregateEngine(StoredEntities[AggregatePool]):
    """Advances entities of one kind by their events, in the order of arrival, and describes each event.

    However a stream is cut into batches, the features and the records are the same, bit for bit.

    What an event meets:

    - Earlier events: those of the entity that arrived before it with an event time below its own.
    - Windows: exact over the newest RECENT events; beyond them each twelfth of a window that overlaps it counts as a
      whole.
    - Different values: exact while a window lies within those events, and beyond while the KNOWN_VALUES values kept of
      older events are all that were seen in the window; else the larger of the number of the newest events' values
      and a HyperLogLog estimate with a standard error of 13 %.
    - Newest event, value seen before: beyond the newest RECENT events, from the newest of those that left, and from
      the KNOWN_VALUES values of them.
    - A duplicate (its transaction is among the events, or among the last 1,024 that left them within 7 days): it is
      described, and changes nothing.
    - An entity without an event for 90 days before this one starts empty.

    Parameters
    ----------
    plan : AggregatePlan
    load : callable of int to bytes or None, or None
        Record of an entity that is not in memory; None: memory is all, and grows.
    capacity : int
        Entities held in memory.
    next_sequence : int
        Sequence number of the next event.
    """

    def __init__(
        self, plan: AggregatePlan, *, load: Load | None, capacity: int = 16_384, next_sequence: int = 0
    ) -> None:
        warm_up_aggregates()
        super().__init__(AggregatePool(plan, capacity=capacity, load=load), next_sequence)
        self._plan = plan

    def advance(self, events: AggregateEvents, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Describe events and add them to their entities; return which counted, (m,), as a duplicate does not.

        Parameters
        ----------
        events : AggregateEvents, m of them
        x : ndarray of float32, (n, features)
            Written where the transactions have an entity.
        """
        counted = self._described(events, self.next_sequence, x, adds=True)
        self.next_sequence += len(events.keys)
        return counted

    def describe(self, events: AggregateEvents, x: NDArray[np.float32]) -> None:
        """Write the features that events would have now; nothing is added."""
        self._described(events, self.next_sequence, x, adds=False)

    def restore(self, first_sequence: int, events: AggregateEvents) -> None:
        """Add events that were advanced before, except where an entity's record has seen them already."""
        rows = np.zeros(len(events.keys), np.int64)
        width = int(self._plan.features[:, -1].max()) + 1
        self._described(events._replace(rows=rows), first_sequence, np.empty((1, width), np.float32), adds=True)
        self.next_sequence = max(self.next_sequence, first_sequence + len(events.keys))

    def _described(
        self, events: AggregateEvents, first_sequence: int, x: NDArray[np.float32], *, adds: bool
    ) -> NDArray[np.bool_]:
        n, pool, words = len(events.keys), self._pool, events.words
        counted = np.zeros(n, np.uint8)
        if n:
            slots = pool.slots_of(events.keys)
            aggregate_kernel.advance(
                pool.rows, tuple(pool.older), pool.ids.with_room_for(n), self._plan.arrays, slots,
                (words, words.view(np.float64), words.view(np.uint64)), first_sequence, adds, counted, events.rows, x,
            )  # fmt: skip
        return counted.view(np.bool_)
