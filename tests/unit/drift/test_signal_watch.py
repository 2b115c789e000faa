"""Means of OBSERVATION_SIZE transactions, as the job makes them: nearly normal, with a known deviation."""

import io

import fastavro
import numpy as np
import pytest

from models.drift.baseline import Baseline, baselines
from models.drift.detector import DETECTORS
from models.drift.observation import OBSERVATION_SIZE
from models.drift.signals import SIGNALS
from models.drift.watch import SignalWatch
from schemas.avro_schemas import DRIFT, parsed_schema
from schemas.wall_clock import utc
from tests.unit.training.histories import artifact

BASELINE = Baseline(mean=40.0, deviation=90.0)
DEVIATION_OF_MEAN = BASELINE.deviation / OBSERVATION_SIZE**0.5
NOW_MS = 1_700_000_000_000


def means(count: int, *, shift: float = 0.0, seed: int = 1):
    """Observations whose mean lies `shift` deviations from the baseline's."""
    rng = np.random.default_rng(seed)
    return rng.normal(BASELINE.mean + shift * DEVIATION_OF_MEAN, DEVIATION_OF_MEAN, count).tolist()


def feed(watch: SignalWatch, values, first: int = 0):
    return [
        record
        for number, value in enumerate(values, start=first)
        for record in watch.update(value, 1_000 + number, NOW_MS)
    ]


@pytest.mark.parametrize("shift", [4.0, -4.0])
def test_both_detectors_see_a_shift_soon_after_it(shift):
    records = feed(SignalWatch("amount", BASELINE, {}), means(100) + means(60, shift=shift, seed=2))
    fired = {kind: [r["observation"] for r in records if r["detector"] == kind] for kind in DETECTORS}
    assert all(found and 100 < found[0] <= 130 for found in fired.values()), fired


@pytest.mark.parametrize("seed", range(5))
def test_stationary_signal_is_no_drift(seed):
    assert feed(SignalWatch("amount", BASELINE, {}), means(1_000, seed=seed)) == []


def test_signal_that_stays_at_another_level_than_in_training_is_no_drift():
    assert feed(SignalWatch("amount", BASELINE, {}), means(1_000, shift=3.0)) == []


def test_record_is_in_the_signals_own_unit_and_fits_the_schema():
    records = feed(SignalWatch("amount", BASELINE, {}), means(100) + means(60, shift=6.0, seed=2))
    for record in records:
        fastavro.schemaless_writer(io.BytesIO(), parsed_schema(DRIFT), record, strict=True)
        assert record["signal"] == "amount"
        assert record["detected_at"] == utc(NOW_MS)
        assert record["event_time"] == utc(1_000 + record["observation"] - 1)
        assert BASELINE.mean < record["observed"] < BASELINE.mean + 10 * DEVIATION_OF_MEAN
        assert BASELINE.mean < record["estimate"] < BASELINE.mean + 10 * DEVIATION_OF_MEAN


def test_ids_differ_by_signal_detector_and_observation_and_are_the_same_again():
    values = means(100) + means(60, shift=6.0, seed=2)
    one = feed(SignalWatch("amount", BASELINE, {}), values)
    again = feed(SignalWatch("amount", BASELINE, {}), values)
    other = feed(SignalWatch("score", BASELINE, {}), values)
    ids = [record["drift_id"] for record in one]
    assert [record["drift_id"] for record in again] == ids
    assert len(set(ids)) == len(ids) >= 2
    assert not set(ids) & {record["drift_id"] for record in other}


@pytest.mark.parametrize("stop", [1, 99, 105])
def test_restored_watch_goes_on_exactly(stop):
    values = means(100) + means(60, shift=4.0, seed=2)
    expected = feed(SignalWatch("amount", BASELINE, {}), values)
    first = SignalWatch("amount", BASELINE, {})
    before = feed(first, values[:stop])
    resumed = SignalWatch("amount", BASELINE, first.state())
    assert before + feed(resumed, values[stop:], first=stop) == expected


def test_standardised_mean_is_in_deviations_of_such_means_and_comes_back():
    value = BASELINE.standardise(BASELINE.mean + 3 * DEVIATION_OF_MEAN, OBSERVATION_SIZE)
    assert value == pytest.approx(3.0)
    assert BASELINE.restore(value, OBSERVATION_SIZE) == pytest.approx(BASELINE.mean + 3 * DEVIATION_OF_MEAN)


def test_signal_that_never_varied_in_training_is_standardised_all_the_same():
    assert np.isfinite(Baseline(1.0, 0.0).standardise(2.0, OBSERVATION_SIZE))


def test_every_signal_has_a_baseline_in_a_trained_model():
    found = baselines(artifact().manifest)
    assert set(found) == {signal.name for signal in SIGNALS}
    assert all(baseline.deviation > 0 for baseline in found.values())
