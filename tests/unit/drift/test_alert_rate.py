"""Jumps of the alert rate."""

import numpy as np
import pytest

from models.drift.alert_rate import MIN_WINDOWS, AlertRate


@pytest.fixture
def watch():
    rate = AlertRate(factor=2)
    for _ in range(MIN_WINDOWS):
        assert rate.update(10_000, 100) is None
    return rate


@pytest.mark.parametrize(("alerts", "jumps"), [(100, False), (199, False), (201, True), (51, False), (49, True)])
def test_share_beyond_the_factor_is_a_jump_up_or_down(watch, alerts, jumps):
    assert bool(watch.update(10_000, alerts)) is jumps


def test_jump_has_the_share_and_the_usual_share(watch):
    jump = watch.update(10_000, 300)
    assert (jump.share, jump.usual, jump.transactions) == (0.03, 0.01, 10_000)


def test_few_transactions_are_no_jump(watch):
    assert watch.update(100, 4) is None


def test_jump_is_reported_once_and_the_new_share_becomes_usual(watch):
    assert watch.update(10_000, 300)
    assert not any(watch.update(10_000, 300) for _ in range(MIN_WINDOWS + 3))
    assert watch.update(10_000, 100)


def test_window_without_transactions_is_skipped(watch):
    assert watch.update(0, 0) is None
    assert watch.update(10_000, 100) is None


def test_nothing_is_reported_before_a_usual_share_is_known():
    rate = AlertRate(factor=2)
    assert not any(rate.update(10_000, alerts) for alerts in (10, 1_000, 10, 1_000, 10))


def test_random_variation_is_no_jump():
    generator = np.random.default_rng(1)
    rate = AlertRate(factor=2)
    assert not any(rate.update(500, int(generator.poisson(5))) for _ in range(20_000))
