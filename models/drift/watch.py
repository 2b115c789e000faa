import hashlib
from collections.abc import Mapping
from typing import Any

from models.drift.baseline import Baseline
from models.drift.detector import DETECTORS, DriftDetector
from models.drift.observation import OBSERVATION_SIZE
from schemas.wall_clock import utc


class SignalWatch:
    """All detectors on one signal.

    Parameters
    ----------
    signal : str
        A name in SIGNALS.
    baseline : Baseline
        The signal's mean and deviation in training.
    state : mapping of str to bytes
        What `state` returned for each detector; empty to begin.
    """

    def __init__(self, signal: str, baseline: Baseline, state: Mapping[str, bytes]) -> None:
        self._signal = signal
        self._baseline = baseline
        self._detectors = [DriftDetector.from_bytes(kind, state.get(kind)) for kind in DETECTORS]

    def update(self, mean: float, event_time_ms: int, now_ms: int) -> list[dict[str, Any]]:
        """Take in one observation and return a record of `drift.avsc` for each detector that fired."""
        value = self._baseline.standardise(mean, OBSERVATION_SIZE)
        records = []
        for detector in self._detectors:
            detection = detector.update(value)
            if detection is not None:
                records.append(
                    {
                        "drift_id": _drift_id(self._signal, detector.kind, detection.observation),
                        "signal": self._signal,
                        "detector": detector.kind,
                        "detected_at": utc(now_ms),
                        "event_time": utc(event_time_ms),
                        "observation": detection.observation,
                        "estimate": self._baseline.restore(detection.estimate, OBSERVATION_SIZE),
                        "observed": mean,
                    }
                )
        return records

    def state(self) -> dict[str, bytes]:
        """Return each detector's state as bytes."""
        return {detector.kind: detector.to_bytes() for detector in self._detectors}


def _drift_id(signal: str, kind: str, observation: int) -> str:
    return hashlib.sha256(f"{signal}/{kind}/{observation}".encode()).hexdigest()[:16]
