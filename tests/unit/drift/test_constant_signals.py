"""Signals constant or nearly constant in training: rare other values are no drift, a change of many rows is."""

import numpy as np
import pytest

from models.drift.baseline import Baseline, signal_reference
from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.psi import psi
from models.drift.watch import SignalWatch
from models.scoring.artifact import Reference
from schemas.durations import DAY_MS, HOUR_MS

MISSING = -1.0
QUIET = 60


def constant(others: int = 0, rows: int = 100_000) -> Baseline:
    """Return the baseline of a signal that was missing in all but a few rows."""
    rng = np.random.default_rng(1)
    values = np.full(rows, MISSING)
    values[:others] = rng.gamma(1, 500, others)
    return Baseline.of(signal_reference(rng.permutation(values), np.arange(rows, dtype=np.int64) * 14 * DAY_MS // rows))


def stream(share: float, observations: int, *, scale: float = 500.0, seed: int = 2):
    rng = np.random.default_rng(seed)
    count = observations * OBSERVATION_SIZE
    return np.where(rng.random(count) < share, rng.gamma(1, scale, count), MISSING)


def drifts(baseline: Baseline, values):
    times = np.arange(len(values), dtype=np.int64) * 10_000
    watch = SignalWatch("distance_km", {})
    items = Accumulator(baseline.edges[None, :]).update(values[:, None], times)
    return [record for item in items for record in watch.update(baseline.compare(item, 0, "m"), 0)]


@pytest.mark.parametrize("others", [0, 1, 3], ids=["never", "once", "three times"])
@pytest.mark.parametrize("share", [1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("scale", [1e-3, 500.0, 1e9])
def test_rare_values_of_a_signal_that_was_constant_in_training_are_no_drift(others, share, scale):
    assert drifts(constant(others), stream(share, 200, scale=scale)) == []


@pytest.mark.parametrize("others", [0, 1, 3], ids=["never", "once", "three times"])
@pytest.mark.parametrize(("share", "max_observations"), [(0.05, 10), (0.3, 3), (1.0, 2)])
def test_sudden_change_of_many_transactions_is_detected_soon(others, share, max_observations):
    records = drifts(constant(others), np.concatenate([stream(0, QUIET), stream(share, 30)]))
    assert records
    assert QUIET < records[0]["observation"] <= QUIET + max_observations


def test_signal_that_stays_at_another_constant_is_not_reported_forever():
    values = np.concatenate([stream(0, QUIET), np.zeros(300 * OBSERVATION_SIZE)])
    values[QUIET * OBSERVATION_SIZE :: 1_500] = 3_000.0
    assert 1 <= len([record for record in drifts(constant(), values) if record["detector"] == "PageHinkley"]) <= 2


def test_artifact_without_weekly_profile_raises_no_alarm_either():
    flat = Baseline.flat(Reference(mean=MISSING, deviation=0.0, deciles=(MISSING,) * 11))
    assert drifts(flat, stream(1e-4, 300)) == []
    assert drifts(flat, np.concatenate([stream(0, QUIET), stream(0.3, 30)]))


def test_histogram_of_an_hour_with_few_reference_rows_is_no_shift():
    rng = np.random.default_rng(3)
    times = np.concatenate([rng.integers(0, 14, 20_000) * DAY_MS + 12 * HOUR_MS, [3 * HOUR_MS, 3 * HOUR_MS + 1]])
    baseline = Baseline.of(signal_reference(rng.normal(0, 1, len(times)), times))
    at_three = np.full(10 * OBSERVATION_SIZE, 3 * HOUR_MS)
    items = Accumulator(baseline.edges[None, :]).update(rng.normal(0, 1, (len(at_three), 1)), at_three)
    compared = [baseline.compare(item, 0, "m") for item in items]
    assert psi(np.sum([i.expected_shares for i in compared], axis=0), np.sum([i.bins for i in compared], axis=0)) < 0.1
