"""Seasonal baseline of a signal."""

import numpy as np
import pytest

from models.drift.baseline import Baseline, baselines, signal_reference
from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.psi import psi
from models.drift.season import slots_of
from models.drift.signals import ERROR, SIGNALS
from models.scoring.artifact import Manifest
from schemas.durations import DAY_MS, HOUR_MS
from tests.unit.training.histories import artifact


def days(count: int, seed: int, rows: int = 5_000):
    """Return values of 10 by day and 60 by night, at random times of whole weeks."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, count * DAY_MS, rows * count))
    night = slots_of(times) % 24 < 6
    return rng.normal(np.where(night, 60.0, 10.0), 5.0), times


def compared(baseline, values, times):
    found = Accumulator(baseline.edges[None, :]).update(values[:, None], times)
    return [baseline.compare(item, 0, "m") for item in found]


def test_daily_pattern_is_expected():
    baseline = Baseline.of(signal_reference(*days(14, seed=1)))
    items = compared(baseline, *days(7, seed=2))
    values = np.array([item.standardised for item in items])
    assert max(item.expected for item in items) > 50
    assert min(item.expected for item in items) < 15
    assert abs(values.mean()) < 0.5
    assert 0.7 < values.std() < 1.3
    assert all(psi(np.array(item.expected_shares), np.array(item.bins)) < 0.1 for item in items)


def test_standard_error_is_that_of_a_mean_for_hours_with_much_reference_data():
    baseline = Baseline.of(signal_reference(*days(14, seed=1)))
    errors = [item.standard_error for item in compared(baseline, *days(7, seed=2))]
    assert all(error == pytest.approx(5.0 / OBSERVATION_SIZE**0.5, rel=0.25) for error in errors)


def test_hours_with_little_reference_data_have_a_larger_error():
    values, times = days(14, seed=1)
    few = (slots_of(times) % 24 != 3) | (np.arange(len(times)) % 100 == 0)
    rare = Baseline.of(signal_reference(values[few], times[few]))
    often = Baseline.of(signal_reference(values, times))
    at_three = np.full(OBSERVATION_SIZE, 3 * HOUR_MS)
    signals = np.full(OBSERVATION_SIZE, 60.0)
    (wide,), (narrow,) = (compared(item, signals, at_three) for item in (rare, often))
    assert wide.standard_error > 2 * narrow.standard_error


def test_hour_without_reference_data_has_the_overall_mean():
    values, times = days(5, seed=1)
    baseline = Baseline.of(signal_reference(values, times))
    sunday = np.full(OBSERVATION_SIZE, 3 * DAY_MS + 13 * HOUR_MS)  # the five days start on a Thursday
    known = slots_of(times)
    assert 37 in known
    without = known != 37
    baseline = Baseline.of(signal_reference(values[without], times[without]))
    (item,) = compared(baseline, np.full(OBSERVATION_SIZE, 10.0), sunday)
    assert item.expected == pytest.approx(values[without].mean())


def test_constant_signal_is_standardised_too():
    times = np.arange(OBSERVATION_SIZE, dtype=np.int64)
    baseline = Baseline.of(signal_reference(np.ones(OBSERVATION_SIZE), times))
    (item,) = compared(baseline, np.full(OBSERVATION_SIZE, 2.0), times)
    assert np.isfinite(item.standardised)


def test_restored_value_is_the_mean():
    baseline = Baseline.of(signal_reference(*days(14, seed=1)))
    for item in compared(baseline, *days(1, seed=2)):
        assert item.restore(item.standardised) == pytest.approx(item.mean)


def test_every_signal_has_a_baseline_in_a_trained_model():
    found = baselines(artifact().manifest)
    assert set(found) == {*(signal.name for signal in SIGNALS), ERROR}
    rows = artifact().manifest.metrics["validation_rows"]
    for reference in artifact().manifest.signals.values():
        assert np.sum(reference.counts) == rows


def test_manifest_from_before_signals_is_read_and_watches_its_features():
    older = artifact().manifest.model_dump(exclude={"signals"})
    manifest = Manifest.model_validate(older)
    found = baselines(manifest)
    assert set(found) == {"score", "amount", "category_risk", "type_risk", "distance_km"}
    times = np.arange(OBSERVATION_SIZE, dtype=np.int64)
    amount = manifest.reference["amount"]
    (item,) = compared(found["amount"], np.full(OBSERVATION_SIZE, amount.mean), times)
    assert item.standardised == pytest.approx(0, abs=1e-6)
    assert item.standard_error == pytest.approx(amount.deviation / OBSERVATION_SIZE**0.5)
    assert psi(np.array(item.expected_shares), np.array(item.bins)) == 0
