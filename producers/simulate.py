"""Simulation of a card world."""

import numpy as np
import pyarrow as pa

from producers.card_world import CardWorld
from producers.drifts import CHANGES
from producers.frauds import fraud_rows
from producers.genuine import genuine_rows
from producers.randomness import generator_for
from producers.rows import Rows
from producers.simulation_config import Drift, SimulationConfig, epoch_ms
from producers.tabulate import labelled_table


def simulate(config: SimulationConfig) -> pa.Table:
    """Simulate a card world.

    Returns
    -------
    pa.Table
        `LABELLED_ARROW` and `scenario` (string, null for genuine transactions), sorted by `event_time`.
        The same settings give the same table.
    """
    world = CardWorld.build(
        seed=config.seed,
        customers=config.customers,
        merchants=config.merchants,
        new_merchants=config.new_merchant_share,
        start_ms=config.start_ms,
        end_ms=config.end_ms,
    )
    genuine = genuine_rows(world, config)
    rows = Rows.concat([genuine, fraud_rows(world, genuine, config)])
    rows = rows.take(np.argsort(rows.time_ms, kind="stable"))
    if config.drift_at is not None and config.drift in CHANGES:
        change = CHANGES[Drift(str(config.drift))]
        rows = change(world, rows, epoch_ms(config.drift_at), generator_for(config.seed, "drift"))
    return labelled_table(world, rows, config)
