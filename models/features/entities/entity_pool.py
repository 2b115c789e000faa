"""Entities held in memory."""

import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.features.entities import record_kernel
from models.features.entities.entity_record import (
    ENTITY_VERSION,
    ENTRY,
    HEADER,
    ID_FIELDS,
    MAX_LEFT_IDS,
    RECENT,
    REGISTERS,
    SEEN,
    TILE,
    TILES_KEPT,
    EntityRecord,
    decode_entity,
    encode_entity,
)
from models.features.entities.hashed_pool import HashedPool
from models.features.entities.record_kernel import ENTRY_WORDS, HEADER_WORDS
from models.features.left_rows import LeftRows
from models.features.window import WINDOWS

Load = Callable[[int], bytes | None]
"""Gives the record that is stored under an entity's hash, None when there is none."""

HEAD = np.dtype(
    [
        ("key", "<u8"),  # 0 for a row that is not used
        ("sequence", "<i8"),  # of the last event, -1 without any
        ("first_ms", "<i8"),  # event time of the first event
        ("last", "<u8"),  # bits of the entries that no entry of the same customer follows; 0: derived at the next event
        ("id_row", "<i4"),  # row in the ids, 0 for none
        ("count", "<i4"),  # entries
        ("tiled", "u1"),  # 1 where events left the entries, so that tiles and seen are valid
        ("changed", "u1"),  # 1 where the row is not stored yet
    ],
    align=True,
)
"""State of an entity besides entries and tiles: 48 bytes."""

BLANK_HEADER = np.frombuffer(HEADER.pack(ENTITY_VERSION, 0, ENTRY.itemsize, 0, 0, 0), np.uint64)[0]
"""First word of a record without entries."""

_HEAD = struct.Struct("<QqqQiiBB6x")
"""HEAD, to read a row at a tenth of numpy's cost."""

SUMS = np.dtype(
    [
        ("lowest", "<i8"),  # number of the tile in which the window begins
        ("newest", "<i8"),  # of all tiles that have events
        ("count", "<i8"),  # like those below, of the tiles from the lowest to the one before the newest
        ("new", "<i8"),
        ("total", "<f8"),
        ("squares", "<f8"),
        ("maximum", "<f8"),
        ("registers", "u1", (REGISTERS,)),  # of all tiles from the lowest on
    ]
)
"""Sums of a window's tiles, in memory alone and never another value than that of the tiles: 120 bytes."""

FILTER_WORDS = 256
"""Words of a filter of ids: 16,384 bits for up to 2 * MAX_LEFT_IDS."""


class EntityPool(HashedPool):
    """Decoded entities of one kind in a set of arrays: a cache of the records in the state.

    They are not stored after each batch: what changed stays here, or aside where it left the pool, until it is taken.
    An entity takes 1.1 kB of touched memory, and one whose events left the entries 9.5 kB to 34 kB more.

    Attributes
    ----------
    heads : ndarray of HEAD, (capacity,)
    entries : ndarray of ENTRY, (capacity, RECENT)
        By event time; the first ``count`` of a row are valid.
    tiles : ndarray of TILE, (capacity, TILES_KEPT)
    sums : ndarray of SUMS, (capacity + 1, windows)
        The last row is spare.
    seen : ndarray of SEEN, (capacity,)
    id_filters : ndarray of uint64, (capacity, FILTER_WORDS)
        Bloom filters of the ids, one word an id; valid where there is a row of ids.
    ids : LeftRows
    """

    def __init__(self, *, capacity: int, load: Load | None) -> None:
        self.ids = LeftRows(ID_FIELDS, MAX_LEFT_IDS)
        super().__init__(capacity=capacity, load=load)

    @property
    def rows(self) -> tuple[NDArray[np.generic], ...]:
        """Arrays by row: heads, entries, these again as 64-bit words, tiles, sums, seen and id_filters."""
        return self.heads, self.entries, self._words, self.tiles, self.sums, self.seen, self.id_filters

    def _encoded(self, slots: NDArray[np.int64]) -> list[bytes]:
        plain = self.heads["tiled"][slots] == 0
        sizes = HEADER_WORDS + ENTRY_WORDS * self.heads["count"][slots[plain]].astype(np.int64)
        ends = np.cumsum(sizes)
        words = np.empty(ends[-1] if len(ends) else 0, np.uint64)
        record_kernel.write_records(slots[plain], BLANK_HEADER, self.heads, self._words, words)
        raw = words.tobytes()
        written = (raw[8 * (end - size) : 8 * end] for size, end in zip(sizes.tolist(), ends.tolist(), strict=True))
        rows = zip(slots.tolist(), plain.tolist(), strict=True)
        return [next(written) if is_plain else self._tiled_record(slot) for slot, is_plain in rows]

    def _tiled_record(self, slot: int) -> bytes:
        _, sequence, first_ms, _, row, count, _, _ = _HEAD.unpack_from(self._head_bytes, slot * _HEAD.size)
        return encode_entity(
            EntityRecord(
                entries=self.entries[slot, :count],
                sequence=sequence,
                first_ms=first_ms,
                tiles=self.tiles[slot],
                seen=self.seen[slot : slot + 1],
                ids=tuple(self.ids.of(row)) if row else (),
            )
        )

    def _release_all(self, keys: list[int], slots: NDArray[np.int64]) -> None:
        super()._release_all(keys, slots)
        self._free_ids(slots)

    def _free_ids(self, slots: NDArray[np.int64]) -> None:
        for slot in slots[self.heads["id_row"][slots] > 0].tolist():
            self.ids.release(int(self.heads["id_row"][slot]))
            self.heads["id_row"][slot] = 0

    def _fill_all(self, slots: list[int], raws: list[bytes | None]) -> None:
        rows = np.array(slots, np.int64)
        self._free_ids(rows)
        words = [raw if raw is not None and len(raw) % 8 == 0 else b"" for raw in raws]
        sizes, is_read = np.array(list(map(len, words)), np.int64) // 8, np.empty(len(rows), np.uint8)
        joined = np.frombuffer(b"".join(words), np.uint64)
        record_kernel.read_records(joined, sizes, BLANK_HEADER, rows, self.heads, self._words, is_read)
        for slot, raw, size, read in zip(slots, raws, sizes.tolist(), is_read.tolist(), strict=True):
            if raw is not None and not (size and read):
                self._fill(slot, raw)

    def _fill(self, slot: int, raw: bytes) -> None:
        record = decode_entity(raw)
        count = len(record.entries)
        self.entries[slot, :count] = record.entries
        tiled = record.tiles is not None and record.seen is not None
        if record.tiles is not None and record.seen is not None:
            self.tiles[slot], self.seen[slot] = record.tiles, record.seen[0]
        id_row = self.ids.add(record.ids) if len(record.ids[0]) else 0
        self.heads[slot] = (self.heads["key"][slot], record.sequence, record.first_ms, 0, id_row, count, tiled, 0)

    def _grow(self, least: int) -> None:
        tiled, held = np.flatnonzero(self.heads["tiled"]), (self.tiles, self.seen)
        super()._grow(least)
        for grown, array in zip((self.tiles, self.seen), held, strict=True):
            grown[tiled] = array[tiled]  # the pages of the others stay untouched
        self.heads["last"] = 0

    def _allocate(self, capacity: int) -> None:
        super()._allocate(capacity)
        self.heads = np.zeros(capacity, HEAD)
        self.keys = self.heads["key"]
        self.changed = self.heads["changed"]
        self._head_bytes = self.heads.view(np.uint8).data
        self.entries = np.zeros((capacity, RECENT), ENTRY)
        self._words = self.entries.view(np.uint64).reshape(capacity, -1)
        self.tiles = np.zeros((capacity, TILES_KEPT), TILE)
        self.sums = np.zeros((capacity + 1, len(WINDOWS)), SUMS)
        self.seen = np.zeros(capacity, SEEN)
        self.id_filters = np.zeros((capacity, FILTER_WORDS), np.uint64)

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [self.heads, self.entries]
