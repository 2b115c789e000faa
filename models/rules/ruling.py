"""Decisions of a model after the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.rules.compiled_rule import CompiledRule

Fired = Mapping[int, tuple[CompiledRule, ...]]
"""Rules that raised a transaction, by its row."""

NONE_FIRED: Fired = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Ruling:
    """Decisions of a rule book on n decisions of a model.

    Parameters
    ----------
    decisions : ndarray of uint8, (n,)
        Values of `Decision`: what becomes of the transactions.
    fired : mapping of int to tuple of CompiledRule
        Of each row that is reviewed or blocked, the rules of these actions that hold for it; none where that is by
        the model alone.
    masks : tuple of ndarray of bool, (n,)
        Transactions that each rule of the book holds for, decided by it or not.
    hits : tuple of int
        Number of these.
    """

    decisions: NDArray[np.uint8]
    fired: Fired
    masks: tuple[NDArray[np.bool_], ...]
    hits: tuple[int, ...]

    def fired_in(self, rows: NDArray[np.int64] | None) -> Fired:
        """Return `fired` of some rows, by their index among these; of all where that is None."""
        if rows is None or not self.fired:
            return self.fired
        return {index: self.fired[row] for index, row in enumerate(rows.tolist()) if row in self.fired}

    def part(self, rows: slice) -> Ruling:
        """Return what becomes of some rows."""
        numbers = np.arange(len(self.decisions))[rows]
        return replace(self, decisions=self.decisions[rows], fired=self.fired_in(numbers))
