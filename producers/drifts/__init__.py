"""Drifts that the simulator can inject."""

from collections.abc import Callable, Mapping

import numpy as np

from producers.card_world import CardWorld
from producers.drifts.amount_inflation import amount_inflation
from producers.drifts.category_shift import category_shift
from producers.rows import Rows
from producers.simulation_config import Drift

Change = Callable[[CardWorld, Rows, int, np.random.Generator], Rows]

CHANGES: Mapping[Drift, Change] = {
    Drift.AMOUNT_INFLATION: amount_inflation,
    Drift.CATEGORY_SHIFT: category_shift,
}
"""Drifts that change rows from a time on; `Drift.NEW_FRAUD_PATTERN` adds rows and is a scenario."""

__all__ = ["CHANGES", "Change"]
