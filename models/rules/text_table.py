"""A growing set of texts with expiries."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.hashing import hash_column
from models.rules.text_column import TextColumns
from models.rules.text_table_search import fill_slots, find_texts, put_texts, warm_up_table
from schemas.arrow_buffers import string_data, string_offsets

GONE_MS = np.iinfo(np.int64).min
"""Expiry of a removed text: no transaction is earlier."""

SLOTS = 2
"""Slots of the table per text, at least: keeps probe sequences short."""

_FEW = 64


class TextTable:
    """Growing set of texts, each with an expiry; additions do not rebuild it.

    A hash table with open addressing over the texts' bytes. Equal hashes are compared as texts, so an attacker can't
    craft a name that matches another. Removed texts stay in memory until they are half of all.
    """

    def __init__(self) -> None:
        warm_up_table()
        self._count = 0
        self._hashes = np.zeros(_FEW, np.uint64)
        self._until_ms = np.full(_FEW, GONE_MS)
        self._ends = np.zeros(_FEW + 1, np.int64)
        self._texts = np.zeros(_FEW, np.uint8)
        self._slots = np.full(SLOTS * _FEW, -1, np.int32)

    def __len__(self) -> int:
        """Return the number of texts, expired ones included."""
        return int(np.count_nonzero(self._until_ms[: self._count] != GONE_MS))

    @property
    def nbytes(self) -> int:
        """Memory used, bytes."""
        return sum(part.nbytes for part in (self._hashes, self._until_ms, self._ends, self._texts, self._slots))

    def put(self, texts: pa.Array, until_ms: NDArray[np.int64]) -> None:
        """Add n texts, or change the expiry of those present.

        Parameters
        ----------
        texts : pyarrow string array, (n,)
            Without null. Of equal ones the last counts.
        until_ms : ndarray of int64, (n,)
            Expiry of each in event time, milliseconds since 1970, exclusive; GONE_MS removes it.
        """
        if self._count > _FEW and 2 * len(self) < self._count:
            self._rebuild()
        self._make_room(len(texts), len(string_data(texts)))
        self._put(texts, until_ms)

    def find(self, batch: TextColumns, name: str) -> NDArray[np.bool_]:
        """Return which of the n texts of a column are in the table at their transaction's event time, (n,) bool."""
        found = np.empty(len(batch), np.bool_)
        text = batch.text(name)
        find_texts(
            text.offsets, text.data, text.first, text.hashes, batch.event_time_ms,
            self._slots, self._hashes, self._ends, self._texts, self._until_ms, found,
        )  # fmt: skip
        return found

    def end(self, before_ms: int) -> list[str]:
        """Remove the texts that expire at or before a time, and return them."""
        until_ms = self._until_ms[: self._count]
        over = np.flatnonzero((until_ms != GONE_MS) & (until_ms <= before_ms))
        until_ms[over] = GONE_MS
        texts, ends = self._texts, self._ends
        return [texts[ends[entry] : ends[entry + 1]].tobytes().decode() for entry in over.tolist()]

    def _put(self, texts: pa.Array, until_ms: NDArray[np.int64]) -> None:
        self._count = int(
            put_texts(
                string_offsets(texts) - string_offsets(texts)[0], string_data(texts), hash_column(texts), until_ms,
                self._slots, self._hashes, self._ends, self._texts, self._until_ms, self._count,
            )
        )  # fmt: skip

    def _make_room(self, count: int, size: int) -> None:
        entries, used = self._count + count, int(self._ends[self._count]) + size
        if used > len(self._texts):
            self._texts = _grown(self._texts, 2 * used)
        if entries > len(self._hashes):
            self._hashes = _grown(self._hashes, 2 * entries)
            self._until_ms = _grown(self._until_ms, 2 * entries)
            self._ends = _grown(self._ends, 2 * entries + 1)
        if SLOTS * entries > len(self._slots):
            self._slots = np.empty(1 << (SLOTS * entries).bit_length(), np.int32)
            fill_slots(self._hashes, self._count, self._slots)

    def _rebuild(self) -> None:
        """Free the memory of removed texts."""
        kept = np.flatnonzero(self._until_ms[: self._count] != GONE_MS)
        every = pa.LargeStringArray.from_buffers(
            self._count, pa.py_buffer(self._ends[: self._count + 1]), pa.py_buffer(self._texts)
        )
        texts, until_ms = every.take(pa.array(kept)).cast(pa.string()), self._until_ms[kept]
        self.__init__()  # type: ignore[misc]
        self._make_room(len(texts), len(string_data(texts)))
        self._put(texts, until_ms)


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    grown = np.zeros(size, array.dtype)
    grown[: len(array)] = array
    return grown
