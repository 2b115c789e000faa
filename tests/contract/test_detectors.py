"""Checks for every drift detector of `DETECTORS`."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from models.drift.detector import DETECTORS, JOB_DETECTORS, DetectorSettings, DriftDetector

SHIFT_AT = 300
Check = Callable[[DetectorSettings], None]


def noise(count: int = SHIFT_AT, mean: float = 0.0, seed: int = 3) -> list[float]:
    """Return observations of a signal without drift, in standard errors."""
    return np.random.default_rng(seed).normal(mean, 1, count).tolist()


def fired(detector: DriftDetector, values: list[float]) -> list[int]:
    """Return the numbers of the observations at which a detector fires."""
    return [found.observation for value in values if (found := detector.update(value))]


def check_first_observation_is_no_drift(settings: DetectorSettings) -> None:
    assert DriftDetector(settings).update(100.0) is None


def check_constant_is_no_drift(settings: DetectorSettings) -> None:
    assert fired(DriftDetector(settings), [0.0] * 1_000) == []


def check_noise_is_no_drift(settings: DetectorSettings) -> None:
    assert fired(DriftDetector(settings), noise(1_000)) == []


def check_shift_up_is_drift(settings: DetectorSettings) -> None:
    found = fired(DriftDetector(settings), noise() + noise(mean=4.0, seed=4))
    assert found
    assert SHIFT_AT < found[0] < SHIFT_AT + 100


def check_shift_down_is_drift(settings: DetectorSettings) -> None:
    found = fired(DriftDetector(settings), noise() + noise(mean=-4.0, seed=4))
    assert found
    assert SHIFT_AT < found[0] < SHIFT_AT + 100


def check_same_observations_give_the_same_detections(settings: DetectorSettings) -> None:
    values = noise() + noise(mean=4.0, seed=4)
    assert fired(DriftDetector(settings), values) == fired(DriftDetector(settings), values)


def check_estimate_is_a_finite_float(settings: DetectorSettings) -> None:
    detector = DriftDetector(settings)
    found = [found for value in noise() + noise(mean=4.0, seed=4) if (found := detector.update(value))]
    assert all(isinstance(item.estimate, float) and np.isfinite(item.estimate) for item in found)


def check_instances_share_no_state(settings: DetectorSettings) -> None:
    first, second = DriftDetector(settings), DriftDetector(settings)
    fired(first, noise() + noise(mean=4.0, seed=4))
    assert second.to_bytes() == DriftDetector(settings).to_bytes()


def check_reset_detects_again_and_keeps_the_count(settings: DetectorSettings) -> None:
    detector, values = DriftDetector(settings), noise() + noise(mean=4.0, seed=4)
    # A multiple of every detector's step, so that the fresh one gets the same observations.
    fired(detector, noise(300))
    detector.reset()
    assert fired(detector, values) == [300 + number for number in fired(DriftDetector(settings), values)]


def check_resumed_run_equals_an_uninterrupted_one(settings: DetectorSettings) -> None:
    values = noise() + noise(mean=4.0, seed=4)
    for stop in (0, 1, SHIFT_AT + 5, len(values)):
        first = DriftDetector(settings)
        before = fired(first, values[:stop])
        after = fired(DriftDetector.from_bytes(settings, first.to_bytes()), values[stop:])
        assert before + after == fired(DriftDetector(settings), values)


def check_empty_bytes_are_a_new_detector(settings: DetectorSettings) -> None:
    assert DriftDetector.from_bytes(settings, None).to_bytes() == DriftDetector(settings).to_bytes()


def check_bytes_keep_their_version_and_count(settings: DetectorSettings) -> None:
    detector = DriftDetector(settings)
    fired(detector, noise(7))
    assert detector.to_bytes()[:10] == b"\x02\x00" + (7).to_bytes(8, "little")


def check_reading_a_state_does_not_modify_it(settings: DetectorSettings) -> None:
    detector = DriftDetector(settings)
    fired(detector, noise(50))
    raw = detector.to_bytes()
    fired(DriftDetector.from_bytes(settings, raw), noise(50))
    assert detector.to_bytes() == raw


def check_global_random_generators_are_untouched(settings: DetectorSettings) -> None:
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    fired(DriftDetector(settings), noise() + noise(mean=4.0, seed=4))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states  # noqa: NPY002


CHECKS = [check for name, check in list(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted({**DETECTORS, **JOB_DETECTORS}))
def test_detector_passes(name: str, check: Check) -> None:
    check({**DETECTORS, **JOB_DETECTORS}[name])


def test_states_of_different_detectors_are_distinguished() -> None:
    assert len({settings.mark for settings in DETECTORS.values()}) == len(DETECTORS)
