"""Tables that the kernel follows for the declared features of one entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.declared.bits import Bits, Condition
from schemas.declaration.declared_feature import DeclaredFeature
from schemas.declaration.verb import Verb

TIME, TRANSACTION, MASK, HEAD_WORDS = 0, 1, 2, 3
"""Words of an event: event time in ms, hash of the transaction, conditions that hold; then hashes, then numbers."""

OVER_WINDOWS = (Verb.COUNT, Verb.SUM, Verb.MEAN, Verb.DEVIATION, Verb.MIN, Verb.MAX, Verb.RATE, Verb.SHARE)
"""Verbs of a series, by the numbers that the kernel has for them; the others follow."""

CODES = {verb: code for code, verb in enumerate((*OVER_WINDOWS, *(verb for verb in Verb if verb not in OVER_WINDOWS)))}

NO_COLUMN = -1

Table = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class AggregatePlan:
    """Tables of int64 for the features of one entity.

    A series is the numbers of a column, or the events themselves, where a condition holds; a cell is a series over one
    window. A group is the different values of a column where a condition holds, with cells of its own. A trace is the
    newest event that left the entries of those where a condition holds.

    Attributes
    ----------
    conditions : tuple of Condition
        By bit.
    hashes, numbers : tuple of str
        Columns in an event, after its first words.
    series : ndarray, (series, 4)
        Bit of the condition, word of the number or NO_COLUMN, first cell, end of the cells.
    cell_ms : ndarray, (cells,)
        Window of each cell, ascending within a series.
    groups : ndarray, (groups, 4)
        Bit, word of the hash, first cell, end of the cells.
    distinct_ms : ndarray, (distinct cells,)
    traces : ndarray, (traces, 2)
        Bit, and word of the number or NO_COLUMN.
    features : ndarray, (features, 5)
        Code of the verb; its cell, group or trace; cell of the events that a share counts, or whether a rate is of
        numbers; window in ms; column of x.
    layout : tuple of str
        Texts that say what the state holds, in its order: state of another layout is no good.
    """

    conditions: tuple[Condition, ...]
    hashes: tuple[str, ...]
    numbers: tuple[str, ...]
    series: Table
    cell_ms: Table
    groups: Table
    distinct_ms: Table
    traces: Table
    features: Table
    layout: tuple[str, ...]

    @property
    def words(self) -> int:
        """Words of an event."""
        return HEAD_WORDS + len(self.hashes) + len(self.numbers)

    @cached_property
    def arrays(self) -> tuple[Table, ...]:
        """Tables in the kernel's order."""
        return self.series, self.cell_ms, self.groups, self.distinct_ms, self.traces, self.features


def plan_aggregates(features: Sequence[tuple[int, DeclaredFeature]]) -> AggregatePlan:
    """Return the tables for features of one entity.

    Parameters
    ----------
    features : sequence of (int, DeclaredFeature)
        With their columns in x; no ratio.
    """
    return _Planner([feature for _, feature in features]).plan(features)


class _Planner:
    """Finds what features share: series and windows, groups, traces."""

    def __init__(self, features: Sequence[DeclaredFeature]) -> None:
        self._bits = Bits(features)
        self._numbers: dict[str, None] = {}
        self._hashes: dict[str, None] = {}
        self._series: dict[tuple[int, str | None], set[int]] = {}
        self._groups: dict[tuple[int, str], set[int]] = {}
        self._traces: dict[tuple[int, str | None], None] = {}
        for feature in features:
            self._add(feature)

    def _add(self, feature: DeclaredFeature) -> None:
        bit, column = self._bits.of(feature), feature.column
        match feature.verb:
            case Verb.COUNT_DISTINCT | Verb.SEEN_BEFORE:
                assert column is not None  # noqa: S101  (the parser requires it)
                self._hashes[column] = None
                windows = self._groups.setdefault((bit, column), set())
                if feature.verb is Verb.COUNT_DISTINCT:
                    windows.add(feature.window_ms)
            case Verb.LAST | Verb.SINCE_LAST:
                self._traces[bit, self._number(feature)] = None
            case _:
                self._series.setdefault((bit, self._number(feature)), set()).add(feature.window_ms)
                if feature.verb is Verb.SHARE:
                    self._series.setdefault((self._bits.share(feature), None), set()).add(feature.window_ms)

    def _number(self, feature: DeclaredFeature) -> str | None:
        """Return the column whose numbers a feature reads; it is then a column of the events."""
        if feature.column is None or feature.verb in {Verb.COUNT, Verb.SINCE_LAST}:
            return None
        self._numbers[feature.column] = None
        return feature.column

    def plan(self, features: Sequence[tuple[int, DeclaredFeature]]) -> AggregatePlan:
        series, cell_ms, cells = _cells(self._series, self._word)
        groups, distinct_ms, distinct = _cells(self._groups, self._hash_word)
        traces = [[bit, self._word(column)] for bit, column in self._traces]
        rows = [
            [CODES[feature.verb], *self._source(feature, cells, distinct), feature.window_ms, column]
            for column, feature in features
        ]
        return AggregatePlan(
            conditions=self._bits.conditions,
            hashes=tuple(self._hashes),
            numbers=tuple(self._numbers),
            series=_table(series, 4),
            cell_ms=np.array(cell_ms, np.int64),
            groups=_table(groups, 4),
            distinct_ms=np.array(distinct_ms, np.int64),
            traces=_table(traces, 2),
            features=_table(rows, 5),
            layout=self._layout(),
        )

    def _word(self, column: str | None) -> int:
        """Return where an event has a column's number."""
        if column is None:
            return NO_COLUMN
        return HEAD_WORDS + len(self._hashes) + list(self._numbers).index(column)

    def _hash_word(self, column: str) -> int:
        """Return where an event has the hash of a column's value."""
        return HEAD_WORDS + list(self._hashes).index(column)

    def _source(
        self,
        feature: DeclaredFeature,
        cells: Mapping[tuple[int, str | None, int], int],
        distinct: Mapping[tuple[int, str, int], int],
    ) -> tuple[int, int]:
        bit, column = self._bits.of(feature), self._number(feature) if feature.verb not in _OF_VALUES else None
        match feature.verb:
            case Verb.COUNT_DISTINCT:
                return distinct[bit, str(feature.column), feature.window_ms], 0
            case Verb.SEEN_BEFORE:
                return list(self._groups).index((bit, str(feature.column))), 0
            case Verb.LAST | Verb.SINCE_LAST:
                return list(self._traces).index((bit, column)), 0
            case Verb.SHARE:
                part = cells[self._bits.share(feature), None, feature.window_ms]
                return cells[bit, None, feature.window_ms], part
            case _:
                return cells[bit, column, feature.window_ms], int(column is not None)

    def _layout(self) -> tuple[str, ...]:
        names = self._bits.names
        return (
            *(f"bit {name}" for name in names),
            *(f"hash {column}" for column in self._hashes),
            *(f"number {column}" for column in self._numbers),
            *(f"series {names[bit]} {column} {sorted(ms)}" for (bit, column), ms in self._series.items()),
            *(f"group {names[bit]} {column} {sorted(ms)}" for (bit, column), ms in self._groups.items()),
            *(f"trace {names[bit]} {column}" for bit, column in self._traces),
        )


_Column = TypeVar("_Column", str, str | None)


def _cells(
    windows_of: Mapping[tuple[int, _Column], set[int]], word: Callable[[_Column], int]
) -> tuple[list[list[int]], list[int], dict[tuple[int, _Column, int], int]]:
    """Return rows with their cells, the windows of the cells, and the number of each cell."""
    rows: list[list[int]] = []
    keys: list[tuple[int, _Column, int]] = []
    for (bit, column), windows_ms in windows_of.items():
        rows.append([bit, word(column), len(keys), len(keys) + len(windows_ms)])
        keys += [(bit, column, ms) for ms in sorted(windows_ms)]
    return rows, [ms for _, _, ms in keys], {key: index for index, key in enumerate(keys)}


_OF_VALUES = {Verb.COUNT_DISTINCT, Verb.SEEN_BEFORE}


def _table(rows: Sequence[Sequence[int]], width: int) -> Table:
    return np.array(rows, np.int64).reshape(len(rows), width)
