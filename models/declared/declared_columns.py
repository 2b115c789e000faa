"""Columns of a batch as declared features and their conditions read them."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.columns import required
from models.features.hashing import hash_column, hash_pairs
from models.rules.rule_batch import NO_LISTS
from models.rules.text_column import TextColumn
from models.rules.text_table import TextTable
from models.rules.vocabulary import Vocabulary
from schemas.arrow_buffers import numbers
from schemas.currency import minor_units
from schemas.declaration.core_columns import AMOUNT
from schemas.durations import HOUR_MS

_OF_NUMBERS = np.uint64(0x9AE16A3B2F90404F)
"""First of the pair that the hash of a number is of."""


class DeclaredColumns:
    """Columns of n transactions, each computed on first use.

    Parameters
    ----------
    records : pyarrow.RecordBatch, n rows
        The columns of `TRANSACTION_ARROW`, and the declared ones in the types of their kinds.
    kinds : mapping of str to str
        Kind of each column, those that each transaction has included.
    """

    def __init__(self, records: pa.RecordBatch, kinds: Mapping[str, str]) -> None:
        self.lists: Mapping[str, TextTable] = NO_LISTS
        self.event_time_ms: NDArray[np.int64] = numbers(required(records, "event_time"), np.int64)
        self._records, self._kinds = records, kinds
        self._numbers: dict[str, NDArray[np.float32]] = {}
        self._texts: dict[str, TextColumn] = {}

    def __len__(self) -> int:
        return int(self._records.num_rows)

    def number(self, name: str) -> NDArray[np.float32]:
        """Return the numbers of a column, (n,); NaN where there is none, or one that is not finite as a float32."""
        found = self._numbers.get(name)
        if found is None:
            with np.errstate(over="ignore", invalid="ignore"):
                found = self._number(name).astype(np.float32)
            found[~np.isfinite(found)] = np.nan
            self._numbers[name] = found
        return found

    def _number(self, name: str) -> NDArray[np.float64]:
        if name == AMOUNT:
            return numbers(required(self._records, "amount_minor"), np.int64) / minor_units(
                self._records.column("currency")
            )
        column = self._records.column(name)
        if self._kinds[name] == "time":
            times_ms: NDArray[np.float64] = column.cast(pa.int64()).cast(pa.float64()).to_numpy(zero_copy_only=False)
            return (self.event_time_ms - times_ms) / HOUR_MS
        if self._kinds[name] == "flag":
            column = column.cast(pa.int8())
        found: NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return found

    def text(self, name: str) -> TextColumn:
        """Return a column of texts."""
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = TextColumn.of(self._records.column(name))
        return found

    def absent(self, name: str) -> NDArray[np.bool_]:
        """Return where a column of texts has no value, (n,)."""
        absent: NDArray[np.bool_] = self.text(name).hashes == 0
        return absent

    def present(self, name: str) -> NDArray[np.bool_]:
        """Return where a column has a value, (n,)."""
        return ~self.absent(name) if self.is_text(name) else ~np.isnan(self.number(name))

    def is_text(self, name: str) -> bool:
        """Return whether a column's values are texts."""
        return self._kinds[name] in {"text", "category"}

    def hashes(self, name: str) -> NDArray[np.uint64]:
        """Return the hashes of a column's values, (n,); 0 where there is none."""
        if self.is_text(name):
            return self.text(name).hashes
        values = self.number(name) + np.float32(0)  # so that 0 and -0 are one value
        bits = np.ascontiguousarray(values).view(np.uint32).astype(np.uint64)
        return np.where(np.isnan(values), np.uint64(0), hash_pairs(np.full(len(bits), _OF_NUMBERS), bits))

    def keys(self, entity: str, columns: tuple[str, ...]) -> NDArray[np.uint64]:
        """Return the hash of each transaction's entity, (n,); 0 where a column of it has no value."""
        keys = np.full(len(self), hash_column(pa.array([entity]))[0], np.uint64)
        lacking = np.zeros(len(self), np.bool_)
        for column in columns:
            values = hash_column(self._records.column(column))
            keys = hash_pairs(keys, values)
            lacking |= values == 0
        keys[lacking] = 0
        return keys


def vocabulary_of(kinds: Mapping[str, str]) -> Vocabulary:
    """Return the names that the conditions of declared features may have."""
    return Vocabulary(
        expected="a column of the transaction",
        flags=frozenset(name for name, kind in kinds.items() if kind == "flag"),
        numbers=frozenset(name for name, kind in kinds.items() if kind in {"number", "flag", "time"}),
        texts=tuple(name for name, kind in kinds.items() if kind in {"text", "category"}),
        names=tuple(kinds),
    )
