"""Observations as the scoring operator sends them: nearly normal means with a known standard error."""

import numpy as np

from models.drift.signal_observation import SignalObservation

EXPECTED, ERROR = 40.0, 3.0


def observation(**changes) -> SignalObservation:
    values = {
        "mean": EXPECTED,
        "expected": EXPECTED,
        "standard_error": ERROR,
        "bins": [100] * 10,
        "expected_shares": [0.1] * 10,
        "event_time_ms": 1_000,
        "model_id": "fraud-1",
    }
    return SignalObservation(**{**values, **changes})


def observations(count: int, *, shift: float = 0.0, seed: int = 1, first: int = 0, **changes):
    """Return observations whose mean is `shift` standard errors from the expected one."""
    rng = np.random.default_rng(seed)
    means = rng.normal(EXPECTED + shift * ERROR, ERROR, count).tolist()
    return [
        observation(mean=mean, event_time_ms=1_000 + number, **changes)
        for number, mean in enumerate(means, start=first)
    ]
