"""Rates and latencies that the console shows."""

import pytest
from prometheus_client import CollectorRegistry

from fraudstream.console.feed import Feed
from fraudstream.console.figures import Figures, Sample, point_between, quantile
from fraudstream.observe.metrics.stream_metrics import StreamMetrics


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return StreamMetrics(registry)


def test_rates_and_latency_are_those_between_two_samples(registry, metrics):
    metrics.transactions.inc(1_000)
    metrics.latency.observe(4.0)
    earlier = Sample.of(registry, 10.0)
    metrics.transactions.inc(500)
    metrics.alerts.labels("BLOCK").inc(2)
    metrics.alerts.labels("REVIEW").inc(4)
    for _ in range(100):
        metrics.latency.observe(0.015)
    point = point_between(earlier, Sample.of(registry, 12.0))
    assert (point["transactions_per_s"], point["alerts_per_s"], point["dead_letters_per_s"]) == (250, 3, 0)
    assert point["p50_ms"] == pytest.approx(15.0)
    assert point["p99_ms"] == pytest.approx(19.9)


@pytest.mark.usefixtures("metrics")
def test_idle_stream_has_no_latency(registry):
    sample = Sample.of(registry, 10.0)
    point = point_between(sample, Sample.of(registry, 12.0))
    assert (point["transactions_per_s"], point["p50_ms"], point["p99_ms"]) == (0, None, None)


@pytest.mark.parametrize(("share", "value"), [(0.25, 0.5), (0.5, 1.0), (0.75, 1.5), (0.875, 1.75), (1.0, 2.0)])
def test_quantiles_are_linear_within_a_bucket(share, value):
    assert quantile({1.0: 8.0, 2.0: 16.0, float("inf"): 16.0}, share) == pytest.approx(value)


def test_quantile_beyond_the_last_bound_is_that_bound():
    assert quantile({1.0: 8.0, float("inf"): 16.0}, 0.99) == 1.0
    assert quantile({1.0: 0.0, float("inf"): 0.0}, 0.99) is None


def test_score_histogram_covers_the_retained_minutes(registry, metrics):
    metrics.scores.observe(0.999)
    figures = Figures(registry, Feed(max_streams=1))
    assert figures.to_dict() == {"points": [], "scores": []}
    figures.add_point(10.0)
    metrics.scores.observe(0.03)
    metrics.scores.observe(0.04)
    figures.add_point(12.0)
    shown = figures.to_dict()
    assert len(shown["points"]) == 1
    assert {row["up_to"]: row["count"] for row in shown["scores"] if row["count"]} == {0.05: 2}


def test_clock_that_was_set_back_inflates_no_rate(registry, metrics):
    earlier = Sample.of(registry, 7_200.0)
    metrics.transactions.inc(500)
    assert point_between(earlier, Sample.of(registry, 3_602.0))["transactions_per_s"] == 250
