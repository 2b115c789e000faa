"""Declared features of one entity, checked and ready for batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.declared.aggregate_engine import AggregateEvents
from models.declared.aggregate_plan import HEAD_WORDS, MASK, TIME, TRANSACTION, AggregatePlan
from models.declared.aggregate_record import AggregateLayout
from models.declared.declared_columns import DeclaredColumns
from models.rules.named_columns import NamedColumns

Holds = Callable[[NamedColumns], Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class EntityAggregates:
    """Features of one entity.

    Attributes
    ----------
    name : str
    columns : tuple of str
        Columns that identify it together.
    plan : AggregatePlan
    conditions : tuple of tuple of callables, and str or None
        By bit: conditions that hold together, and the column that has a value.
    """

    name: str
    columns: tuple[str, ...]
    plan: AggregatePlan
    conditions: tuple[tuple[tuple[Holds, ...], str | None], ...]

    @cached_property
    def id(self) -> int:
        """63-bit hash of the entity and of what its state holds; names of features change nothing."""
        return AggregateLayout(self.plan).id >> 1

    @property
    def x_columns(self) -> NDArray[np.int64]:
        """Columns of x of its features, (k,)."""
        return self.plan.features[:, -1]

    @cached_property
    def own_plan(self) -> AggregatePlan:
        """Plan that writes its k features to the columns 0 to k - 1."""
        features = self.plan.features.copy()
        features[:, -1] = np.arange(len(features))
        return replace(self.plan, features=features)

    def events(self, columns: DeclaredColumns, transactions: NDArray[np.uint64]) -> AggregateEvents:
        """Return the events of those transactions of a batch that have the entity."""
        keys = columns.keys(self.name, self.columns)
        rows = np.flatnonzero(keys)
        words = np.empty((len(rows), self.plan.words), np.int64)
        words[:, TIME] = columns.event_time_ms[rows]
        words[:, TRANSACTION] = transactions.view(np.int64)[rows]
        words[:, MASK] = self._masks(columns)[rows]
        at = HEAD_WORDS
        for name in self.plan.hashes:
            words[:, at] = columns.hashes(name).view(np.int64)[rows]
            at += 1
        for name in self.plan.numbers:
            words[:, at] = columns.number(name).astype(np.float64).view(np.int64)[rows]
            at += 1
        return AggregateEvents(keys[rows], rows, words)

    def _masks(self, columns: DeclaredColumns) -> NDArray[np.int64]:
        """Return the bits of the conditions that hold for each transaction, (n,)."""
        masks = np.zeros(len(columns), np.int64)
        with np.errstate(all="ignore"):
            for bit, (conditions, present) in enumerate(self.conditions):
                holding = np.ones(len(columns), np.bool_) if present is None else columns.present(present)
                for condition in conditions:
                    holding &= condition(columns)
                masks |= holding.astype(np.int64) << bit
        return masks
