"""Decoded customer histories, cached in arrays."""

import numpy as np
from numpy.typing import NDArray

from models.features.history import (
    ENTRY,
    HEADER,
    HEADERS,
    ID_FIELDS,
    MAX_IDS,
    TILE,
    TILED_HEADER,
    TILES_KEPT,
    K,
    check_history,
    decode_ids,
    decode_tiles,
)
from models.features.left_rows import LeftRows
from models.features.pool import Load, Pool


class HistoryPool(Pool[str]):
    """Histories of many customers in a set of arrays: a cache of the encoded histories in the state.

    It is written through (`FeatureEngine.changed` after each batch), so anyone may leave between batches at
    any time. A customer takes 5.2 kB (touched memory only), and one with ids of transactions that left 12 kB to 32 kB
    more.

    Attributes
    ----------
    entries : ndarray of ENTRY, (capacity, K)
        Oldest first; the first ``counts[slot]`` of a row are valid.
    counts : ndarray of int32, (capacity,)
    tiles : ndarray of TILE, (capacity, TILES_KEPT)
        Valid where ``tiled[slot]`` is 1.
    tiled : ndarray of uint8, (capacity,)
    id_rows : ndarray of int32, (capacity,)
        Row of each customer in ``ids``, 0 for none.
    ids : LeftRows
    """

    def __init__(self, *, capacity: int, load: Load | None) -> None:
        self.ids = LeftRows(ID_FIELDS, MAX_IDS)
        super().__init__(capacity=capacity, load=load)

    def encode(self, slot: int) -> bytes:
        """Return `encode_history` of a row, at a third of its cost."""
        count = int(self.counts[slot])
        start = slot * self._row_bytes
        if not self.tiled[slot]:
            return b"".join((HEADERS[count], self._bytes[start : start + count * ENTRY.itemsize]))
        entries, tiles = self._bytes[start : start + self._row_bytes], self._tile_bytes[self._tile_row(slot)]
        row = int(self.id_rows[slot])
        if not row:
            return b"".join((TILED_HEADER, entries, tiles))
        return b"".join((TILED_HEADER, entries, tiles, *(field.data for field in self.ids.of(row))))

    def _fill_all(self, slots: list[int], raws: list[bytes | None]) -> None:
        for slot, raw in zip(slots, raws, strict=True):
            self._fill(slot, raw)

    def _release_all(self, _keys: list[str], slots: NDArray[np.int64]) -> None:
        for slot in slots[self.id_rows[slots] > 0].tolist():
            self.ids.release(int(self.id_rows[slot]))
        self.id_rows[slots] = 0

    def _fill(self, slot: int, raw: bytes | None) -> None:
        self.counts[slot] = self.tiled[slot] = 0
        if raw is None:
            return
        count, tiled, ids = check_history(raw)
        start, size = slot * self._row_bytes, count * ENTRY.itemsize
        self._bytes[start : start + size] = raw[HEADER.size : HEADER.size + size]
        self.counts[slot] = count
        if tiled:
            self.tiled[slot] = 1
            self.tiles[slot] = decode_tiles(raw)
        if ids:
            self.id_rows[slot] = self.ids.add(decode_ids(raw, ids))

    def _tile_row(self, slot: int) -> slice:
        return slice(slot * self._tile_row_bytes, (slot + 1) * self._tile_row_bytes)

    def _allocate(self, capacity: int) -> None:
        self.entries = np.zeros((capacity, K), ENTRY)
        self.counts = np.zeros(capacity, np.int32)
        self.tiles = np.zeros((capacity, TILES_KEPT), TILE)
        self.tiled = np.zeros(capacity, np.uint8)
        self.id_rows = np.zeros(capacity, np.int32)
        self._bytes = self.entries.view(np.uint8).reshape(-1).data
        self._tile_bytes = self.tiles.view(np.uint8).reshape(-1).data
        self._row_bytes, self._tile_row_bytes = K * ENTRY.itemsize, TILES_KEPT * TILE.itemsize

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [self.entries, self.counts, self.tiles, self.tiled, self.id_rows]
