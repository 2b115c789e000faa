"""Inputs of a fraud scenario."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from producers.card_world import CardWorld
from producers.rows import Rows


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Setting of a scenario: the world, the genuine transactions of its customers, and a time range.

    All frauds lie within `begin_ms <= time_ms < end_ms`.
    """

    world: CardWorld
    genuine: Rows
    begin_ms: int
    end_ms: int


Scenario = Callable[[Scene, int, np.random.Generator], Rows]
"""Makes about so many fraudulent transactions; at most one episode more than asked."""
