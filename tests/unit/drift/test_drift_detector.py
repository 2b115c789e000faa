import numpy as np
import pytest

from models.drift import detector as detectors
from models.drift.detector import DETECTORS, DriftDetector


def drifting(seed: int = 3):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 1, 150), rng.normal(4, 1, 150)]).tolist()


def fired(detector: DriftDetector, values):
    found = [detector.update(value) for value in values]
    return [(item.observation, item.estimate) for item in found if item is not None]


@pytest.mark.parametrize("kind", DETECTORS)
def test_detection_tells_how_many_observations_there_were(kind):
    found = fired(DriftDetector(kind), drifting())
    assert found
    assert 150 < found[0][0] < 200


@pytest.mark.parametrize("kind", DETECTORS)
@pytest.mark.parametrize("stop", [0, 1, 100, 155, 299])
def test_detector_from_bytes_goes_on_exactly(kind, stop):
    values = drifting()
    straight, first = DriftDetector(kind), DriftDetector(kind)
    expected = fired(straight, values)
    before = fired(first, values[:stop])
    resumed = DriftDetector.from_bytes(kind, first.to_bytes())
    assert before + fired(resumed, values[stop:]) == expected
    assert fired(resumed, drifting(9)) == fired(straight, drifting(9))


@pytest.mark.parametrize("kind", DETECTORS)
def test_detector_without_bytes_is_new(kind):
    assert fired(DriftDetector.from_bytes(kind, None), drifting()) == fired(DriftDetector(kind), drifting())


@pytest.mark.parametrize("kind", DETECTORS)
def test_bytes_of_another_river_warm_up_again(kind, monkeypatch):
    monkeypatch.setattr(detectors, "RIVER_VERSION", "0.1.0")
    old = DriftDetector(kind)
    fired(old, drifting()[:120])
    raw = old.to_bytes()
    monkeypatch.undo()
    assert fired(DriftDetector.from_bytes(kind, raw), drifting()) == fired(DriftDetector(kind), drifting())


def test_bytes_of_another_layout_are_never_unpickled(monkeypatch):
    raw = DriftDetector("ADWIN").to_bytes()
    monkeypatch.setattr(detectors.pickle, "loads", lambda _raw: pytest.fail("unpickled"))
    DriftDetector.from_bytes("ADWIN", b"\x63\x00" + raw[2:])
