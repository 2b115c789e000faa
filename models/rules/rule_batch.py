"""A scored batch of transactions, as rule conditions read it."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.column_encoding import values_of
from models.rules.fields import ENTITY_MARKERS, FEATURE_COLUMNS, MARKED_MISSING, SCORE
from models.rules.local_time import LOCAL_FLAGS, LOCAL_NUMBERS, local_times
from models.rules.text_column import TextColumn
from models.rules.text_table import TextTable
from schemas.arrow_buffers import numbers
from schemas.declaration.column_kind import ColumnKind

_LOCAL = frozenset((*LOCAL_NUMBERS, *LOCAL_FLAGS))
_KINDS = {ColumnKind.FLAG.arrow: ColumnKind.FLAG, ColumnKind.TIME.arrow: ColumnKind.TIME}
"""Kinds of declared columns by their types; others are numbers."""

NO_LISTS: Mapping[str, TextTable] = MappingProxyType({})
NO_NUMBERS: Mapping[str, NDArray[np.float32]] = MappingProxyType({})


class RuleBatch:
    """Columns of n scored transactions (n >= 1) for rule conditions, each computed on first use.

    Parameters
    ----------
    records : pyarrow.RecordBatch, n rows
        With `event_time`, the columns of `TEXTS` that the rules name, and declared ones: without one it is missing.
    x : ndarray of float32, (n, F)
        May hold NaN, which is missing.
    scores : ndarray of float32, (n,)
    time_zone : str
        IANA name of the zone of the local times.
    lists : mapping of str to TextTable
        Entries of lists in force in addition to those of the rule book, by list name.
    further : mapping of str to ndarray of float32, (n,)
        Further features by name; NaN is missing.
    """

    def __init__(
        self,
        records: pa.RecordBatch,
        x: NDArray[np.float32],
        scores: NDArray[np.float32],
        time_zone: str = "UTC",
        lists: Mapping[str, TextTable] = NO_LISTS,
        further: Mapping[str, NDArray[np.float32]] = NO_NUMBERS,
    ) -> None:
        self.lists = lists
        self._records, self._x, self._time_zone = records, x, time_zone
        self._numbers = {SCORE: scores, **further}
        self._texts: dict[str, TextColumn] = {}
        self.event_time_ms: NDArray[np.int64] = numbers(records.column("event_time"), np.int64)

    def __len__(self) -> int:
        return len(self._x)

    def number(self, name: str) -> NDArray[np.float32]:
        """Return a feature, the score, a part of the local time or a declared column, (n,); NaN where it is missing."""
        found = self._numbers.get(name)
        if found is None and name in _LOCAL:
            self._numbers |= local_times(self.event_time_ms, self._time_zone)
            found = self._numbers[name]
        if found is None:
            is_feature = name in FEATURE_COLUMNS
            found = self._feature(FEATURE_COLUMNS[name]) if is_feature else self._declared(name)
            self._numbers[name] = found
        return found

    def _declared(self, name: str) -> NDArray[np.float32]:
        """Return numbers, flags as 0 or 1, or hours from a time to the event."""
        index = self._records.schema.get_field_index(name)
        if index < 0:
            return np.full(len(self), np.nan, np.float32)
        column = self._records.column(index)
        found = values_of(_KINDS.get(column.type, ColumnKind.NUMBER), column, self.event_time_ms)
        return np.where(np.isfinite(found), found, np.float32(np.nan))

    def _feature(self, column: int) -> NDArray[np.float32]:
        found = np.ascontiguousarray(self._x[:, column])
        if MARKED_MISSING[column]:
            found = np.where(found == -1, np.float32(np.nan), found)
        if column in ENTITY_MARKERS:  # without the entity its counts are 0
            found = np.where(self._x[:, ENTITY_MARKERS[column]] == -1, np.float32(np.nan), found)
        return found

    def text(self, name: str) -> TextColumn:
        """Return a column of texts."""
        found = self._texts.get(name)
        if found is None:
            index = self._records.schema.get_field_index(name)
            column = pa.array([None] * len(self), pa.string()) if index < 0 else self._records.column(index)
            found = self._texts[name] = TextColumn.of(column)
        return found

    def absent(self, name: str) -> NDArray[np.bool_]:
        """Return where a text is missing, (n,)."""
        absent: NDArray[np.bool_] = self.text(name).hashes == 0
        return absent
