import numpy as np
import pytest

from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.signals import SIGNALS, signal_matrix
from models.features.table import FEATURE_NAMES, FEATURES


def rows(count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.normal(100, 30, (count, len(SIGNALS))), 1_000 + np.arange(count, dtype=np.int64)


def test_observation_is_the_mean_of_its_transactions_and_has_the_last_ones_time():
    signals, times = rows(OBSERVATION_SIZE)
    (observation,) = Accumulator().update(signals, times)
    np.testing.assert_allclose(observation.means, signals.mean(axis=0), rtol=1e-12)
    assert observation.event_time_ms == times[-1]


def test_one_transaction_less_completes_nothing():
    signals, times = rows(OBSERVATION_SIZE)
    accumulator = Accumulator()
    assert accumulator.update(signals[:-1], times[:-1]) == []
    assert len(accumulator.update(signals[-1:], times[-1:])) == 1


def test_large_batch_completes_several():
    signals, times = rows(3 * OBSERVATION_SIZE + 7)
    accumulator = Accumulator()
    found = accumulator.update(signals, times)
    assert [item.event_time_ms for item in found] == times[OBSERVATION_SIZE - 1 :: OBSERVATION_SIZE].tolist()
    rest = Accumulator()
    rest.update(signals[-7:], times[-7:])
    assert accumulator.encode() == rest.encode()


def test_batch_of_none_changes_nothing():
    accumulator = Accumulator()
    before = accumulator.encode()
    assert accumulator.update(*rows(0)) == []
    assert accumulator.encode() == before


def test_restored_accumulator_goes_on_where_it_was():
    signals, times = rows(OBSERVATION_SIZE)
    first = Accumulator()
    first.update(signals[:200], times[:200])
    (resumed,) = Accumulator(first.encode()).update(signals[200:], times[200:])
    (straight,) = Accumulator().update(signals, times)
    assert resumed.means.tobytes() == straight.means.tobytes()
    assert resumed.event_time_ms == straight.event_time_ms


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
def test_bytes_of_another_layout_begin_anew(spoil):
    accumulator = Accumulator()
    accumulator.update(*rows(200))
    assert Accumulator(spoil(accumulator.encode())).encode() == Accumulator().encode()


def test_signals_are_the_score_and_the_named_features():
    features = np.arange(2 * len(FEATURES), dtype=np.float32).reshape(2, -1)
    scores = np.array([0.25, 0.75], np.float32)
    matrix = signal_matrix(features, scores)
    assert matrix.dtype == np.float64
    for column, signal in enumerate(SIGNALS):
        source = scores if signal.feature is None else features[:, FEATURE_NAMES.index(signal.feature)]
        assert matrix[:, column].tolist() == source.tolist(), signal.name
