"""Accumulation of transactions into drift observations."""

import numpy as np
import pytest

from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.psi import BINS
from models.drift.season import slots_of
from models.drift.signals import SIGNALS, signal_matrix
from models.features.table import FEATURE_NAMES, FEATURES

EDGES = np.tile(np.linspace(60, 140, BINS - 1), (len(SIGNALS), 1))


def rows(count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.normal(100, 30, (count, len(SIGNALS))), 1_000 + 60_000 * np.arange(count, dtype=np.int64)


def test_observation_is_the_mean_of_its_transactions_and_has_the_last_ones_time():
    signals, times = rows(OBSERVATION_SIZE)
    (observation,) = Accumulator(EDGES).update(signals, times)
    np.testing.assert_allclose(observation.means, signals.mean(axis=0), rtol=1e-12)
    assert observation.event_time_ms == times[-1]


def test_observation_counts_the_histogram_and_the_times_of_the_week():
    signals, times = rows(OBSERVATION_SIZE)
    (observation,) = Accumulator(EDGES).update(signals, times)
    for signal in range(len(SIGNALS)):
        parts = np.searchsorted(EDGES[signal], signals[:, signal], side="left")
        assert observation.bins[signal].tolist() == np.bincount(parts, minlength=BINS).tolist()
    assert observation.slots.tolist() == np.bincount(slots_of(times), minlength=48).tolist()


def test_value_on_an_edge_counts_below_it_and_infinite_edges_split_nothing():
    edges = np.array([[0.0, *[np.inf] * (BINS - 2)]])
    flags = np.tile([0.0, 1.0], OBSERVATION_SIZE // 2)[:, None]
    (observation,) = Accumulator(edges).update(flags, np.zeros(OBSERVATION_SIZE, np.int64))
    assert observation.bins[0].tolist() == [OBSERVATION_SIZE // 2, OBSERVATION_SIZE // 2, *[0] * (BINS - 2)]


def test_one_transaction_less_completes_nothing():
    signals, times = rows(OBSERVATION_SIZE)
    accumulator = Accumulator(EDGES)
    assert accumulator.update(signals[:-1], times[:-1]) == []
    assert len(accumulator.update(signals[-1:], times[-1:])) == 1


def test_large_batch_completes_several():
    signals, times = rows(3 * OBSERVATION_SIZE + 7)
    accumulator = Accumulator(EDGES)
    found = accumulator.update(signals, times)
    assert [item.event_time_ms for item in found] == times[OBSERVATION_SIZE - 1 :: OBSERVATION_SIZE].tolist()
    assert all(item.slots.sum() == OBSERVATION_SIZE for item in found)
    rest = Accumulator(EDGES)
    rest.update(signals[-7:], times[-7:])
    assert accumulator.encode() == rest.encode()


def test_empty_batch_changes_nothing():
    accumulator = Accumulator(EDGES)
    before = accumulator.encode()
    assert accumulator.update(*rows(0)) == []
    assert accumulator.encode() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"\x63\x00" + raw[2:],
        lambda raw: raw + bytes(8),
        lambda raw: raw[:-8],
        lambda _raw: b"",
    ],
    ids=["other version", "more signals", "fewer signals", "nothing"],
)
def test_bytes_of_another_layout_start_over(spoil):
    accumulator = Accumulator(EDGES)
    accumulator.update(*rows(200))
    assert Accumulator(EDGES, spoil(accumulator.encode())).encode() == Accumulator(EDGES).encode()


def test_signals_are_the_score_the_alerts_and_the_named_features():
    features = np.arange(2 * len(FEATURES), dtype=np.float32).reshape(2, -1)
    scores, alerted = np.array([0.25, 0.75], np.float32), np.array([False, True])
    matrix = signal_matrix(features, scores, alerted)
    assert matrix.dtype == np.float64
    for column, signal in enumerate(SIGNALS):
        made = {"score": scores, "alert_rate": alerted}
        source = made[signal.name] if signal.feature is None else features[:, FEATURE_NAMES.index(signal.feature)]
        assert matrix[:, column].tolist() == source.tolist(), signal.name
