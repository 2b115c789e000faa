"""The baselines of the benchmark compute the right features."""

import numpy as np
import pytest

from benchmarks.baselines.naive_features import Event
from benchmarks.baselines.oracle import KeptTransactions
from benchmarks.baselines.plain_history import PlainHistory, Seen
from benchmarks.baselines.window_sums import WindowSums
from models.features.history import K


@pytest.mark.parametrize("history", [PlainHistory, WindowSums])
def test_history_of_a_baseline_has_the_features_of_the_oracle(history):
    random = np.random.default_rng(3)
    baseline, oracle, time_ms = history(), KeptTransactions(), 1_770_000_000_000
    for number in range(3 * K):
        time_ms += int(random.exponential(6 * 3_600_000)) * int(random.integers(6) > 0)  # some at the same moment
        minor = int(random.integers(100, 30_000))
        merchant, device = f"m{random.integers(6)}", [None, "d1", "d2"][random.integers(3)]
        location = (float(random.normal(48, 2)), float(random.normal(16, 2))) if random.random() < 0.8 else None
        expected = oracle.advance(
            Event(
                transaction_id=f"t{number}",
                customer_id="c",
                merchant_id=merchant,
                event_time_ms=time_ms,
                amount=float(np.float32(minor / 100)),
                device_id=device,
                location=location,
                category_risk=0.25,
                type_risk=0.5,
            )
        )
        latitude, longitude = location or (None, None)
        was = baseline.advance(Seen(time_ms, minor, merchant, device, latitude, longitude), 0.25, 0.5)
        np.testing.assert_allclose(np.array(was, float), expected, rtol=1e-5, atol=1e-4)
