"""Scenarios with and without drift."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from producers.simulate import simulate
from producers.simulation_config import SimulationConfig, epoch_ms
from schemas.durations import DAY_MS

STATIONARY, SEASONAL = "stationary", "daily and weekly pattern only"
RARE = "coordinates unknown in training, then in 1 of 10,000"
QUIET = (STATIONARY, SEASONAL, RARE)
"""Scenarios without drift: an alarm there is a false one."""

RARE_SIGNAL = "distance_km"
"""The signal that was constant in training."""

RARE_SHARE = 1e-4
"""Transactions whose distance is known although it never was in training."""

WEEKEND = 1.2
"""Factor of the amounts on Saturdays and Sundays: the simulator has no weekly pattern of amounts."""
RAMP_DAYS = 7
FLIPPED = 0.01

Change = Callable[[pa.Table, NDArray[np.float64], np.random.Generator], pa.Table]
"""Function of a table, the days of each row after the drift, and a random generator."""


def world(config: SimulationConfig) -> pa.Table:
    """Return a simulated history with a daily pattern and a weekly one."""
    table = simulate(config)
    weekend = (_times_ms(table) // DAY_MS + 3) % 7 >= 5
    return with_amounts(table, np.where(weekend, WEEKEND, 1.0))


def with_amounts(table: pa.Table, factors: NDArray[np.float64]) -> pa.Table:
    amounts = np.maximum(1, np.round(table["amount_minor"].to_numpy() * factors)).astype(np.int64)
    return _with(table, "amount_minor", pa.array(amounts))


def _gradual(table: pa.Table, days: NDArray[np.float64], _rng: np.random.Generator) -> pa.Table:
    return with_amounts(table, 1 + 0.5 * np.clip(days / RAMP_DAYS, 0, 1))


def without_coordinates(table: pa.Table) -> pa.Table:
    """Return a table in which no transaction has coordinates: the distance is constant."""
    for name in ("latitude", "longitude"):
        table = _with(table, name, pa.nulls(len(table), pa.float64()))
    return table


def rare_coordinates(table: pa.Table, seed: int) -> pa.Table:
    """Return a table in which RARE_SHARE of the transactions have coordinates, and so have those before them.

    A distance is measured from the customer's transaction before, so without the latter it would stay unknown.
    """
    rng = np.random.default_rng(seed)
    chosen = np.flatnonzero(rng.random(len(table)) < RARE_SHARE)
    located = np.zeros(len(table), np.bool_)
    located[chosen] = True
    before = _before(table)[chosen]
    located[before[before >= 0]] = True
    for name, (low, high) in {"latitude": (40.0, 55.0), "longitude": (0.0, 20.0)}.items():
        table = _with(table, name, pa.array(rng.uniform(low, high, len(table)), mask=~located))
    return table


def _before(table: pa.Table) -> NDArray[np.int64]:
    """Return the row of the same customer's transaction before, -1 for the first, (n,)."""
    customer = table["customer_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(customer, kind="stable")
    before = np.full(len(table), -1, np.int64)
    same = customer[order[1:]] == customer[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return before


def _missing_coordinates(table: pa.Table, days: NDArray[np.float64], _rng: np.random.Generator) -> pa.Table:
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
    "coordinates missing": _missing_coordinates,
    "1 % of labels flipped": _flipped_labels,
}
"""Scenarios that change a table."""

DRIFTS = (*SIMULATED, *CHANGED)


def drifted(name: str, config: SimulationConfig, drift_day: int) -> pa.Table:
    """Return a world whose drift begins `drift_day` days after its start."""
    at = config.start + timedelta(days=drift_day)
    if name in SIMULATED:
        return world(replace(config, drift=SIMULATED[name], drift_at=at))
    table = world(config)
    days = (_times_ms(table) - epoch_ms(at)) / DAY_MS
    return CHANGED[name](table, days, np.random.default_rng(config.seed))


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.schema.field(name), values.cast(table.schema.field(name).type))


def _times_ms(table: pa.Table) -> NDArray[np.int64]:
    times: NDArray[np.int64] = table["event_time"].cast(pa.int64()).to_numpy()
    return times
