"""The benchmark's peer must give the right answer: a wrong one has no rate."""

import numpy as np

from benchmarks.plain_history import PlainHistory, Seen
from models.features.naive import Event, NaiveEngine


def test_plain_loop_has_the_features_of_the_oracle():
    random = np.random.default_rng(3)
    plain, naive, time_ms = PlainHistory(), NaiveEngine(), 1_770_000_000_000
    for number in range(65):  # it keeps K, as the loop's customers have in the benchmark
        time_ms += int(random.exponential(6 * 3_600_000)) + 1
        amount = float(np.float32(random.integers(100, 30_000) / 100))
        merchant, device = f"m{random.integers(6)}", [None, "d1", "d2"][random.integers(3)]
        place = (float(random.normal(48, 2)), float(random.normal(16, 2))) if random.random() < 0.8 else None
        expected = naive.advance(
            Event(
                transaction_id=f"t{number}",
                customer_id="c",
                merchant_id=merchant,
                event_time_ms=time_ms,
                amount=amount,
                device_id=device,
                place=place,
                category_risk=0.25,
                type_risk=0.5,
            )
        )
        latitude, longitude = place or (None, None)
        was = plain.advance(Seen(time_ms, amount, merchant, device, latitude, longitude), 0.25, 0.5)
        np.testing.assert_allclose(np.array(was, float), expected, rtol=1e-5, atol=1e-4)
