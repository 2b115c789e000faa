"""Decoded labels of entities or customers, cached in arrays."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.features.label_record import (
    DAY_TILE,
    DAYS_KEPT,
    KEPT_LABELS,
    LABEL,
    LEDGER_FIELDS,
    MAX_LEFT,
    NO_LEDGER,
    TOTALS,
    Ledger,
    decode_labels,
    encode_labels,
)
from models.features.left_rows import LeftRows
from models.features.pool import Key
from models.features.write_behind_pool import WriteBehindPool


class LabelPool(WriteBehindPool[Key]):
    """Known labels of many entities, or customers, in a set of arrays.

    They are not stored after each batch: `pop_changed` gives all that changed since it was last called. Until then
    this pool holds it, even of a key that left. A row takes 2.4 kB (touched memory only), and one with labels that left
    12 kB to 48 kB more.

    Attributes
    ----------
    labels : ndarray of LABEL, (capacity, KEPT_LABELS)
        Oldest first; the first ``counts[slot]`` of a row are valid.
    counts : ndarray of int32, (capacity,)
    totals : ndarray of TOTALS, (capacity,)
        Of the labels that left the row.
    tiles : ndarray of DAY_TILE, (capacity, DAYS_KEPT)
        Of the labels that left the row; valid where the totals know any.
    ledger_rows : ndarray of int32, (capacity,)
        Row of each key in ``ledger``, 0 for none.
    ledger : LeftRows
        The newest labels that left the row: they can still be revoked.
    changed : ndarray of uint8, (capacity,)
        1 where a row is not stored yet.
    """

    def __init__(self, *, capacity: int, load: Callable[[Key], bytes | None] | None) -> None:
        self.ledger = LeftRows(LEDGER_FIELDS, MAX_LEFT)
        super().__init__(capacity=capacity, load=load)

    def pop_changed(self) -> dict[Key, bytes]:
        """Return the encoded record of each key that changed since the last call: to be stored now."""
        return self.take(self.changed_keys())

    def _release_all(self, keys: list[Key], slots: NDArray[np.int64]) -> None:
        super()._release_all(keys, slots)
        for slot in slots[self.ledger_rows[slots] > 0].tolist():
            self.ledger.release(int(self.ledger_rows[slot]))
        self.ledger_rows[slots] = 0

    def _encoded(self, slots: NDArray[np.int64]) -> list[bytes]:
        return [self._record(slot) for slot in slots.tolist()]

    def _record(self, slot: int) -> bytes:
        labels, row = self.labels[slot, : self.counts[slot]], int(self.ledger_rows[slot])
        ledger = Ledger(*self.ledger.of(row)) if row else NO_LEDGER
        return encode_labels(labels, self.totals[slot : slot + 1], self.tiles[slot], ledger)

    def _fill_all(self, slots: list[int], raws: list[bytes | None]) -> None:
        self.counts[slots] = self.changed[slots] = 0
        self.totals["known"][slots] = 0
        for slot, raw in zip(slots, raws, strict=True):
            if raw is not None:
                self._fill(slot, raw)

    def _fill(self, slot: int, raw: bytes) -> None:
        known = decode_labels(raw)
        count = len(known.labels)
        self.labels[slot, :count] = known.labels
        self.counts[slot] = count
        if known.totals is not None and known.tiles is not None:
            self.totals[slot] = known.totals[0]
            self.tiles[slot] = known.tiles
        if len(known.ledger.transactions):
            self.ledger_rows[slot] = self.ledger.add(known.ledger)

    def _allocate(self, capacity: int) -> None:
        self.labels = np.zeros((capacity, KEPT_LABELS), LABEL)
        self.counts = np.zeros(capacity, np.int32)
        self.totals = np.zeros(capacity, TOTALS)
        self.tiles = np.zeros((capacity, DAYS_KEPT), DAY_TILE)
        self.changed = np.zeros(capacity, np.uint8)
        self.ledger_rows = np.zeros(capacity, np.int32)

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [self.labels, self.counts, self.totals, self.tiles, self.changed, self.ledger_rows]
