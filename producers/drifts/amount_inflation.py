"""Drift: amounts rise by half."""

from dataclasses import replace

import numpy as np

from producers.card_world import CardWorld
from producers.rows import Rows

INFLATION = 1.5


def amount_inflation(world: CardWorld, rows: Rows, drift_ms: int, rng: np.random.Generator) -> Rows:  # noqa: ARG001
    """Raise all prices by half from `drift_ms` on."""
    return replace(rows, amount=np.where(rows.time_ms >= drift_ms, rows.amount * INFLATION, rows.amount))
