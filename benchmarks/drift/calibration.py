"""False alarms of the detectors on random observations without a change."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.detector import DetectorSettings, DriftDetector, adwin, kswin, page_hinkley
from models.drift.observation import OBSERVATION_SIZE

LENGTH = 2_000
"""Observations in a stream: two million events."""

FAMILIES: Mapping[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "a share of 1 %": lambda rng, size: _standardised(
        rng.binomial(OBSERVATION_SIZE, 0.01, size), OBSERVATION_SIZE * 0.01, np.sqrt(OBSERVATION_SIZE * 0.0099)
    ),
    # Means of amounts: skewed even of a thousand.
    "amounts": lambda rng, size: _standardised(rng.gamma(50, 1, size), 50, np.sqrt(50)),
}
"""Generators of standardised observations, (size,)."""

CONFIGURATIONS: Mapping[str, DetectorSettings] = {
    **{f"ADWIN, delta {delta:g}": adwin(delta) for delta in (2e-3, 5e-4, 1e-4, 1e-5, 1e-6)},
    **{
        f"Page-Hinkley, threshold {threshold:g}, delta {delta:g}": page_hinkley(threshold, delta=delta)
        for threshold, delta in ((10, 0.5), (25, 0.5), (10, 1.0), (15, 1.0), (25, 1.0))
    },
    "KSWIN, alpha 1e-4, each third": kswin(1e-4, every=3),
}


def false_alarms(settings: DetectorSettings, *, streams: int, seed: int) -> dict[str, float]:
    """Return the alarms per million events, by family."""
    return {
        name: sum(_alarms(settings, draw(np.random.default_rng([seed, number]), LENGTH)) for number in range(streams))
        / (streams * LENGTH * OBSERVATION_SIZE / 1e6)
        for name, draw in FAMILIES.items()
    }


def _alarms(settings: DetectorSettings, values: NDArray[np.float64]) -> int:
    detector = DriftDetector(settings)
    return sum(detector.update(value) is not None for value in values.tolist())


def _standardised(values: NDArray[Any], mean: float, deviation: float) -> NDArray[np.float64]:
    return (values - mean) / deviation
