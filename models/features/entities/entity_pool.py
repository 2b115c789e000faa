"""Entities held in memory."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.features.entities.entity_record import (
    ENTRY,
    ID_FIELDS,
    MAX_LEFT_IDS,
    RECENT,
    SEEN,
    TILE,
    TILES_KEPT,
    EntityRecord,
    decode_entity,
    encode_entity,
)
from models.features.left_rows import LeftRows
from models.features.write_behind_pool import WriteBehindPool

Load = Callable[[int], bytes | None]
"""Gives the record that is stored under an entity's hash, None when there is none."""


class EntityPool(WriteBehindPool[int]):
    """Decoded entities of one kind in a set of arrays: a cache of the records in the state.

    They are not stored after each batch: what changed stays here, or aside where it left the pool, until it is taken.
    An entity takes 1 kB of touched memory, and one whose events left the entries 8 kB to 32 kB more.

    Attributes
    ----------
    entries : ndarray of ENTRY, (capacity, RECENT)
        By event time; the first ``counts[slot]`` of a row are valid.
    counts : ndarray of int32, (capacity,)
    first_ms, sequences : ndarray of int64, (capacity,)
        Event time of the first event, and sequence number of the last.
    tiled : ndarray of uint8, (capacity,)
        1 where events left the entries, so that tiles and seen are valid.
    tiles : ndarray of TILE, (capacity, TILES_KEPT)
    seen : ndarray of SEEN, (capacity,)
    id_rows : ndarray of int32, (capacity,)
        Row of each entity in ``ids``, 0 for none.
    ids : LeftRows
    changed : ndarray of uint8, (capacity,)
        1 where a row is not stored yet.
    """

    def __init__(self, *, capacity: int, load: Load | None) -> None:
        self.ids = LeftRows(ID_FIELDS, MAX_LEFT_IDS)
        super().__init__(capacity=capacity, load=load)

    def _encoded(self, slot: int) -> bytes:
        tiled, row = bool(self.tiled[slot]), int(self.id_rows[slot])
        return encode_entity(
            EntityRecord(
                entries=self.entries[slot, : self.counts[slot]],
                sequence=int(self.sequences[slot]),
                first_ms=int(self.first_ms[slot]),
                tiles=self.tiles[slot] if tiled else None,
                seen=self.seen[slot : slot + 1] if tiled else None,
                ids=tuple(self.ids.of(row)) if row else (),
            )
        )

    def _release(self, key: int, slot: int) -> None:
        super()._release(key, slot)
        self._free_ids(slot)

    def _free_ids(self, slot: int) -> None:
        if row := int(self.id_rows[slot]):
            self.ids.release(row)
            self.id_rows[slot] = 0

    def _fill(self, slot: int, raw: bytes | None) -> None:
        self._free_ids(slot)
        self.counts[slot] = self.tiled[slot] = self.changed[slot] = 0
        self.sequences[slot] = -1
        if raw is None:
            return
        record = decode_entity(raw)
        count = len(record.entries)
        self.entries[slot, :count] = record.entries
        self.counts[slot] = count
        self.first_ms[slot], self.sequences[slot] = record.first_ms, record.sequence
        if record.tiles is not None and record.seen is not None:
            self.tiled[slot] = 1
            self.tiles[slot], self.seen[slot] = record.tiles, record.seen[0]
            if len(record.ids[0]):
                self.id_rows[slot] = self.ids.add(record.ids)

    def _grow(self, least: int) -> None:
        tiled, tiles, seen = np.flatnonzero(self.tiled), self.tiles, self.seen
        super()._grow(least)
        self.tiles[tiled], self.seen[tiled] = tiles[tiled], seen[tiled]  # the pages of the others stay untouched

    def _allocate(self, capacity: int) -> None:
        self.entries = np.zeros((capacity, RECENT), ENTRY)
        self.counts = np.zeros(capacity, np.int32)
        self.first_ms = np.zeros(capacity, np.int64)
        self.sequences = np.full(capacity, -1, np.int64)
        self.tiled = np.zeros(capacity, np.uint8)
        self.tiles = np.zeros((capacity, TILES_KEPT), TILE)
        self.seen = np.zeros(capacity, SEEN)
        self.id_rows = np.zeros(capacity, np.int32)
        self.changed = np.zeros(capacity, np.uint8)

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [
            self.entries, self.counts, self.first_ms, self.sequences, self.tiled, self.id_rows, self.changed,
        ]  # fmt: skip
