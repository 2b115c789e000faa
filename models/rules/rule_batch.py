from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.hashing import hash_column
from models.rules.fields import FEATURE_COLUMNS, MARKED_MISSING, SCORE
from models.rules.local_time import local_times
from schemas.arrow_buffers import numbers

if TYPE_CHECKING:
    from models.rules.text_table import TextTable

_NOTHING = np.empty(0, np.uint8)
NO_LISTS: Mapping[str, TextTable] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TextColumn:
    """n texts as Arrow keeps them, and their hashes.

    Parameters
    ----------
    offsets : ndarray of int32
        Where each begins in ``data``; that of the first is number ``first``.
    data : ndarray of uint8
    first : int
    hashes : ndarray of uint64, (n,)
        See `hash_column`; 0 where a text is missing.
    """

    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]
    first: int
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, column: pa.Array) -> TextColumn:
        """Take a column of strings."""
        _, offsets, data = column.buffers()
        return cls(
            offsets=np.frombuffer(offsets, np.int32),
            data=np.frombuffer(data, np.uint8) if data else _NOTHING,
            first=column.offset,
            hashes=hash_column(column),
        )


class RuleBatch:
    """n scored transactions as conditions see them, 1 at least; each column is made when it is first asked for.

    Parameters
    ----------
    records : pyarrow.RecordBatch, n rows
        With `event_time`, and those of `TEXTS` that the rules name.
    x : ndarray of float32, (n, F)
        May hold NaN, which is missing.
    scores : ndarray of float32, (n,)
    time_zone : str
        IANA name of the zone of the local times.
    lists : mapping of str to TextTable
        Entries of lists, by name, that are in force beside those of the rule book.
    """

    def __init__(
        self,
        records: pa.RecordBatch,
        x: NDArray[np.float32],
        scores: NDArray[np.float32],
        time_zone: str = "UTC",
        lists: Mapping[str, TextTable] = NO_LISTS,
    ) -> None:
        self.lists = lists
        self._records, self._x, self._time_zone = records, x, time_zone
        self._numbers = {SCORE: scores}
        self._texts: dict[str, TextColumn] = {}
        self.event_time_ms: NDArray[np.int64] = numbers(records.column("event_time"), np.int64)

    def __len__(self) -> int:
        return len(self._x)

    def number(self, name: str) -> NDArray[np.float32]:
        """Return a feature, the score or a part of the local time, (n,); NaN where it is missing."""
        found = self._numbers.get(name)
        if found is None and name not in FEATURE_COLUMNS:
            self._numbers |= local_times(self.event_time_ms, self._time_zone)
            found = self._numbers[name]
        if found is None:
            column = FEATURE_COLUMNS[name]
            found = np.ascontiguousarray(self._x[:, column])
            if MARKED_MISSING[column]:
                found = np.where(found == -1, np.float32(np.nan), found)
            self._numbers[name] = found
        return found

    def text(self, name: str) -> TextColumn:
        """Return a column of texts."""
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = TextColumn.of(self._records.column(name))
        return found

    def absent(self, name: str) -> NDArray[np.bool_]:
        """Return where a text is missing, (n,)."""
        absent: NDArray[np.bool_] = self.text(name).hashes == 0
        return absent
