"""Declared features' state of entities held in memory."""

import numpy as np
from numpy.typing import NDArray

from models.declared.aggregate_plan import AggregatePlan
from models.declared.aggregate_record import RECENT, AggregateLayout, AggregateRecord
from models.features.entities.entity_pool import FILTER_WORDS, Load
from models.features.entities.entity_record import ID_FIELDS, MAX_LEFT_IDS
from models.features.entities.hashed_pool import HashedPool
from models.features.left_rows import LeftRows

HEAD = np.dtype(
    [
        ("key", "<u8"),  # 0 for a row that is not used
        ("sequence", "<i8"),  # of the last event, -1 without any
        ("first_ms", "<i8"),  # event time of the first event
        ("id_row", "<i4"),  # row in the ids, 0 for none
        ("count", "<i4"),  # events
        ("tiled", "u1"),  # 1 where events left, so that the older state is valid
        ("fresh", "u1"),  # 1 where the filter of ids is to be derived from the ids
        ("changed", "u1"),  # 1 where the row is not stored yet
    ],
    align=True,
)
"""State of an entity besides its events and the older state."""


class AggregatePool(HashedPool):
    """Decoded state of the entities of one kind: a cache of the records in the state.

    Attributes
    ----------
    heads : ndarray of HEAD, (capacity,)
    events, values, hashes : ndarray of int64, float64 and uint64, (capacity, RECENT, words)
        Events by event time, the same memory; the first ``count`` of a row are valid.
    older : OlderState of ``capacity`` entities
    id_filters : ndarray of uint64, (capacity, FILTER_WORDS)
        Bloom filters of the ids, one word an id; valid where there is a row of ids.
    ids : LeftRows
    """

    def __init__(self, plan: AggregatePlan, *, capacity: int, load: Load | None) -> None:
        self.ids = LeftRows(ID_FIELDS, MAX_LEFT_IDS)
        self._layout = AggregateLayout(plan)
        super().__init__(capacity=capacity, load=load)

    @property
    def rows(self) -> tuple[NDArray[np.generic], ...]:
        """Arrays by row: heads, events, values, hashes, id_filters."""
        return self.heads, self.events, self.values, self.hashes, self.id_filters

    def _encoded(self, slots: NDArray[np.int64]) -> list[bytes]:
        return [self._record(slot) for slot in slots.tolist()]

    def _record(self, slot: int) -> bytes:
        head = self.heads[slot]
        row = int(head["id_row"])
        return self._layout.encode(
            AggregateRecord(
                events=self.events[slot, : head["count"]],
                sequence=int(head["sequence"]),
                first_ms=int(head["first_ms"]),
                older=self.older.of(slot) if head["tiled"] else None,
                ids=tuple(self.ids.of(row)) if row else (),
            )
        )

    def _release_all(self, keys: list[int], slots: NDArray[np.int64]) -> None:
        super()._release_all(keys, slots)
        for slot in slots.tolist():
            self._free_ids(slot)

    def _free_ids(self, slot: int) -> None:
        if row := int(self.heads["id_row"][slot]):
            self.ids.release(row)
            self.heads["id_row"][slot] = 0

    def _fill_all(self, slots: list[int], raws: list[bytes | None]) -> None:
        for slot, raw in zip(slots, raws, strict=True):
            self._fill(slot, raw)

    def _fill(self, slot: int, raw: bytes | None) -> None:
        self._free_ids(slot)
        key = self.heads["key"][slot]
        if raw is None:
            self.heads[slot] = (key, -1, 0, 0, 0, 0, 0, 0)
            return
        record = self._layout.decode(raw)
        count = len(record.events)
        self.events[slot, :count] = record.events
        if record.older is not None:
            self.older.put(slot, record.older)
        id_row = self.ids.add(record.ids) if len(record.ids[0]) else 0
        tiled = record.older is not None
        self.heads[slot] = (key, record.sequence, record.first_ms, id_row, count, tiled, 1, 0)

    def _grow(self, least: int) -> None:
        tiled, held = np.flatnonzero(self.heads["tiled"]), self.older
        super()._grow(least)
        self.older.put(tiled, held.of(tiled))  # the pages of the others stay untouched
        self.heads["fresh"] = 1

    def _allocate(self, capacity: int) -> None:
        super()._allocate(capacity)
        self.heads = np.zeros(capacity, HEAD)
        self.keys = self.heads["key"]
        self.changed = self.heads["changed"]
        self.events = np.zeros((capacity, RECENT, self._layout.words), np.int64)
        self.values, self.hashes = self.events.view(np.float64), self.events.view(np.uint64)
        self.older = self._layout.empty(capacity)
        self.id_filters = np.zeros((capacity, FILTER_WORDS), np.uint64)

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [self.heads, self.events]
