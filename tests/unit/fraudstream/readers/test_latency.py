"""Quantiles of latency."""

import pytest
from hdrh.histogram import HdrHistogram

from fraudstream.readers.latency import LONGEST_MS, MICROSECONDS, Latency


def test_quantiles_are_in_milliseconds():
    histogram = HdrHistogram(1, LONGEST_MS * MICROSECONDS, 3)
    for number in range(1, 10_001):
        histogram.record_value(number * 10)  # 0.01 ms to 100 ms
    latency = Latency.of(histogram)
    assert latency.count == 10_000
    assert latency.p50_ms == pytest.approx(50, rel=2e-3)
    assert latency.p99_ms == pytest.approx(99, rel=2e-3)
    assert latency.p999_ms == pytest.approx(99.9, rel=2e-3)
    assert latency.max_ms == pytest.approx(100, rel=2e-3)
