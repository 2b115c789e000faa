"""Phases of load: whether the job keeps up."""

import pytest

from benchmarks.load_phases import Phase
from benchmarks.vitals import Sample


def phase(scored, *, rate=1_000):
    """Return a phase of 20 s that published at a rate, sampled every 2 s with these numbers scored."""
    samples = [
        Sample(at_s=2.0 * number, published=min(2 * number, 20) * rate, scored=count, resident_mb={}, checkpoint_ms=0.0)
        for number, count in enumerate(scored)
    ]
    return Phase(published=20 * rate, rate=float(rate), behind_ms=0.0, samples=samples, ended=samples[10])


def test_job_that_scores_all_published_transactions_keeps_up():
    assert phase([max(2_000 * number - 300, 0) for number in range(11)]).kept_up


def test_job_with_growing_lag_does_not_keep_up_even_if_the_lag_is_short():
    slow = phase([1_920 * number for number in range(11)])
    assert slow.ended.lag < slow.rate
    assert slow.lag_growth == pytest.approx(40)
    assert not slow.kept_up


def test_job_that_is_far_behind_does_not_keep_up_even_while_it_catches_up():
    behind = phase([0, 0, 0, 0, 0, 0, 3_000, 6_000, 9_000, 12_000, 15_000])
    assert behind.lag_growth < 0
    assert not behind.kept_up


def test_rates_are_of_the_second_half_and_of_the_time_after_the_load():
    slow = phase([1_000 * number for number in range(11)] + [15_000, 20_000])
    assert slow.scored_rate == pytest.approx(500)
    assert slow.drained_rate == pytest.approx(2_500)
    assert slow.catch_up_s == pytest.approx(4)
