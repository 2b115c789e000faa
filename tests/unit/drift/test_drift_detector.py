"""Drift detectors and their stored state."""

import subprocess
import sys

import numpy as np
import pytest

from models.drift import detector as detectors
from models.drift.detector import DETECTORS, DriftDetector, adwin


def drifting(seed: int = 3):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 1, 300), rng.normal(4, 1, 300)]).tolist()


def fired(detector: DriftDetector, values):
    found = [detector.update(value) for value in values]
    return [(item.observation, item.estimate) for item in found if item is not None]


@pytest.mark.parametrize("kind", DETECTORS)
def test_detection_has_the_number_of_observations(kind):
    found = fired(DriftDetector(DETECTORS[kind]), drifting())
    assert found
    assert 300 < found[0][0] < 400


@pytest.mark.parametrize("kind", DETECTORS)
@pytest.mark.parametrize("stop", [0, 1, 100, 305, 599])
def test_detector_from_bytes_continues_exactly(kind, stop):
    values = drifting()
    straight, first = DriftDetector(DETECTORS[kind]), DriftDetector(DETECTORS[kind])
    expected = fired(straight, values)
    before = fired(first, values[:stop])
    resumed = DriftDetector.from_bytes(DETECTORS[kind], first.to_bytes())
    assert before + fired(resumed, values[stop:]) == expected
    assert fired(resumed, drifting(9)) == fired(straight, drifting(9))


@pytest.mark.parametrize("kind", DETECTORS)
def test_detector_without_bytes_is_new(kind):
    detector = DriftDetector.from_bytes(DETECTORS[kind], None)
    assert fired(detector, drifting()) == fired(DriftDetector(DETECTORS[kind]), drifting())


def old_bytes(monkeypatch, kind, **changes):
    for name, value in changes.items():
        monkeypatch.setattr(detectors, name, value)
    old = DriftDetector(DETECTORS[kind])
    fired(old, drifting()[:120])
    raw = old.to_bytes()
    monkeypatch.undo()
    return raw


@pytest.mark.parametrize("kind", DETECTORS)
def test_bytes_of_another_river_version_warm_up_again_and_keep_the_count(kind, monkeypatch):
    raw = old_bytes(monkeypatch, kind, RIVER_VERSION="0.1.0")
    monkeypatch.setattr(detectors.pickle, "loads", lambda _raw: pytest.fail("unpickled"))
    found = fired(DriftDetector.from_bytes(DETECTORS[kind], raw), drifting())
    assert found == [(120 + at, estimate) for at, estimate in fired(DriftDetector(DETECTORS[kind]), drifting())]


def test_bytes_of_other_settings_warm_up_again(monkeypatch):
    raw = DriftDetector(adwin(0.002)).to_bytes()
    monkeypatch.setattr(detectors.pickle, "loads", lambda _raw: pytest.fail("unpickled"))
    DriftDetector.from_bytes(adwin(1e-5), raw)


def test_bytes_of_another_layout_are_never_unpickled(monkeypatch):
    raw = DriftDetector(DETECTORS["ADWIN"]).to_bytes()
    monkeypatch.setattr(detectors.pickle, "loads", lambda _raw: pytest.fail("unpickled"))
    for layout in (b"\x01\x00", b"\x63\x00"):
        DriftDetector.from_bytes(DETECTORS["ADWIN"], layout + raw[2:])


LOADS = """
import sys
from models.drift.detector import DETECTORS, DriftDetector
detector = DriftDetector(DETECTORS[sys.argv[1]])
assert not {"pandas", "sklearn"} & set(sys.modules)
again = DriftDetector.from_bytes(DETECTORS[sys.argv[1]], detector.to_bytes())
from river import drift
assert type(again._detector) is type(detector._detector) is getattr(drift, sys.argv[1])
assert drift.datasets
"""


@pytest.mark.parametrize("kind", DETECTORS)
def test_detector_does_not_import_the_data_sets_of_river_and_allows_it_later(kind):
    done = subprocess.run([sys.executable, "-c", LOADS, kind], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
