"""Drift observations are the same bits for any split of the stream into batches."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.psi import BINS
from models.drift.signals import SIGNALS

EDGES = np.tile(np.linspace(-2, 2, BINS - 1), (len(SIGNALS), 1))
MOST = 2 * OBSERVATION_SIZE + 100


def run(signals, times, cuts, *, restore):
    accumulator, found = Accumulator(EDGES), []
    for start, end in pairwise([0, *sorted(cuts), len(signals)]):
        if restore:
            accumulator = Accumulator(EDGES, accumulator.encode())
        found += accumulator.update(signals[start:end], times[start:end])
    return [
        (item.means.tobytes(), item.bins.tobytes(), item.slots.tobytes(), item.event_time_ms) for item in found
    ], accumulator.encode()


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-6, 1.0, 1e9]),
    count=st.integers(0, MOST),
    cuts=st.lists(st.integers(0, MOST), max_size=30),
    restore=st.booleans(),
)
def test_any_split_gives_the_same_observations_and_state_bit_for_bit(seed, scale, count, cuts, restore):
    rng = np.random.default_rng(seed)
    signals = rng.normal(0, scale, (count, len(SIGNALS)))
    times = rng.integers(0, 2**41, count)
    cuts = [cut for cut in cuts if cut <= count]
    assert run(signals, times, cuts, restore=restore) == run(signals, times, [], restore=False)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_transactions_one_by_one_give_the_same_bits(seed):
    signals = np.random.default_rng(seed).normal(0, 1, (OBSERVATION_SIZE + 3, len(SIGNALS)))
    times = np.arange(len(signals), dtype=np.int64)
    one_by_one = run(signals, times, range(len(signals)), restore=True)
    assert one_by_one == run(signals, times, [], restore=False)
