from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from producers.simulate import simulate
from producers.simulation_config import SimulationConfig, epoch_ms

STATIONARY, SEASONAL = "stationary", "daily and weekly pattern only"
WEEKEND = 1.2
"""What is bought on Saturday and Sunday costs so much more, always: the simulator knows no weekly pattern of values."""
RAMP_DAYS = 7
FLIPPED = 0.01

Change = Callable[[pa.Table, NDArray[np.float64], np.random.Generator], pa.Table]
"""Given a table, how many days each row is after the moment of drift, and chance."""


def world(config: SimulationConfig) -> pa.Table:
    """Return a simulated history with a daily pattern and a weekly one."""
    table = simulate(config)
    weekend = (_times_ms(table) // 86_400_000 + 3) % 7 >= 5
    return with_amounts(table, np.where(weekend, WEEKEND, 1.0))


def with_amounts(table: pa.Table, factors: NDArray[np.float64]) -> pa.Table:
    amounts = np.maximum(1, np.round(table["amount_minor"].to_numpy() * factors)).astype(np.int64)
    return _with(table, "amount_minor", pa.array(amounts))


def _gradual(table: pa.Table, days: NDArray[np.float64], _rng: np.random.Generator) -> pa.Table:
    return with_amounts(table, 1 + 0.5 * np.clip(days / RAMP_DAYS, 0, 1))


def _no_places(table: pa.Table, days: NDArray[np.float64], _rng: np.random.Generator) -> pa.Table:
    for name in ("latitude", "longitude"):
        values = np.where(days >= 0, np.nan, table[name].to_numpy())
        table = _with(table, name, pa.array(values, mask=np.isnan(values)))
    return table


def _flipped_labels(table: pa.Table, days: NDArray[np.float64], rng: np.random.Generator) -> pa.Table:
    flipped = (days >= 0) & (rng.random(len(table)) < FLIPPED)
    return _with(table, "is_fraud", pa.array(table["is_fraud"].to_numpy() ^ flipped))


SIMULATED: Mapping[str, str] = {
    "amounts x 1.5, sudden": "amount_inflation",
    "merchant mix": "category_shift",
    "new fraud pattern": "new_fraud_pattern",
}
"""Scenarios that the simulator makes, see `producers.drifts`."""

CHANGED: Mapping[str, Change] = {
    "amounts x 1.5, over 7 days": _gradual,
    "places missing": _no_places,
    "1 % of labels flipped": _flipped_labels,
}
"""Scenarios that change a table."""

DRIFTS = (*SIMULATED, *CHANGED)


def drifted(name: str, config: SimulationConfig, drift_day: int) -> pa.Table:
    """Return a world whose drift begins so many days after its start."""
    at = config.start + timedelta(days=drift_day)
    if name in SIMULATED:
        return world(replace(config, drift=SIMULATED[name], drift_at=at))
    table = world(config)
    days = (_times_ms(table) - epoch_ms(at)) / 86_400_000
    return CHANGED[name](table, days, np.random.default_rng(config.seed))


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), values.cast(table.schema.field(name).type))


def _times_ms(table: pa.Table) -> NDArray[np.int64]:
    times: NDArray[np.int64] = table["event_time"].cast(pa.int64()).to_numpy()
    return times
