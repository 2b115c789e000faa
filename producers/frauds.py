"""All frauds of a simulation."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from producers.card_world import CardWorld
from producers.randomness import generator_for
from producers.rows import Rows
from producers.scenarios import NEW_PATTERN, SCENARIO_NAMES, SCENARIOS, Scenario, scenario_named
from producers.scenarios.scene import Scene
from producers.simulation_config import Drift, SimulationConfig, epoch_ms

NEW_PATTERN_SHARE = 0.5
"""Frauds of the new pattern, against the usual number of frauds in the same time."""


def fraud_rows(world: CardWorld, genuine: Rows, config: SimulationConfig) -> Rows:
    """All frauds of the simulation, in no order: `fraud_rate` of all transactions, new pattern on top."""
    frauds = len(genuine) * config.fraud_rate / (1 - config.fraud_rate)
    scene = Scene(world=world, genuine=genuine, begin_ms=config.start_ms, end_ms=config.end_ms)
    parts = [_play(play, scene, round(frauds * share), config.seed) for play, share in _shares(config)]
    if config.drift is Drift.NEW_FRAUD_PATTERN and config.drift_at is not None:
        later = replace(scene, begin_ms=epoch_ms(config.drift_at))
        time_share = (later.end_ms - later.begin_ms) / (scene.end_ms - scene.begin_ms)
        parts.append(_play(NEW_PATTERN, later, round(frauds * NEW_PATTERN_SHARE * time_share), config.seed))
    return Rows.concat(parts)


def _shares(config: SimulationConfig) -> Sequence[tuple[Scenario, float]]:
    if config.scenario is not None:
        return [(scenario_named(config.scenario), 1.0)]
    if config.scenario_weights is None:
        return SCENARIOS
    total = sum(config.scenario_weights.values())
    return [(scenario_named(name), weight / total) for name, weight in config.scenario_weights.items()]


def _play(play: Scenario, scene: Scene, transactions: int, seed: int) -> Rows:
    rows = play(scene, transactions, generator_for(seed, play.__name__))
    number = SCENARIO_NAMES.index(play.__name__)
    return replace(rows, scenario=np.full(len(rows), number, dtype=np.int8))
