"""All drift detectors of one signal."""

import hashlib
from collections.abc import Mapping
from typing import Any

from models.drift.detector import JOB_DETECTORS, DetectorSettings, DriftDetector
from models.drift.psi_window import PsiWindow
from models.drift.signal_observation import SignalObservation
from schemas.wall_clock import utc

PSI = "PSI"
"""Name of the population stability index, next to those of River's detectors."""

_MODEL = "model"


class SignalWatch:
    """All detectors on one signal.

    They compare the stream with itself, and the index with the reference; a change of the model resets both,
    since its scores and its reference are others.

    Parameters
    ----------
    signal : str
        A name in SIGNALS, or ERROR.
    state : mapping of str to bytes
        Result of `state` for each detector; empty to start.
    detectors : mapping of str to DetectorSettings
        By the name that they have in drift events.
    """

    def __init__(
        self, signal: str, state: Mapping[str, bytes], detectors: Mapping[str, DetectorSettings] = JOB_DETECTORS
    ) -> None:
        self._signal = signal
        self._detectors = {
            kind: DriftDetector.from_bytes(settings, state.get(kind)) for kind, settings in detectors.items()
        }
        self._psi = PsiWindow(state.get(PSI))
        self._model = state.get(_MODEL, b"").decode()

    def update(self, observation: SignalObservation, now_ms: int) -> list[dict[str, Any]]:
        """Add an observation and return a record of `drift.avsc` for each detector that fired."""
        if self._model != observation.model_id:
            self._reset(observation.model_id)
        shifted = self._psi.update(observation)
        records = []
        for kind, detector in self._detectors.items():
            detection = detector.update(observation.standardised)
            if detection is not None:
                estimate = observation.restore(detection.estimate)
                records.append(self._record(kind, detection.observation, estimate, observation, now_ms))
        if shifted:
            records.append(self._record(PSI, self._psi.observations, observation.mean, observation, now_ms))
        return records

    def state(self) -> dict[str, bytes]:
        """Return each detector's state as bytes."""
        detectors = {kind: detector.to_bytes() for kind, detector in self._detectors.items()}
        return {**detectors, PSI: self._psi.to_bytes(), _MODEL: self._model.encode()}

    def _reset(self, model_id: str) -> None:
        self._model = model_id
        self._psi.reset()
        for detector in self._detectors.values():
            detector.reset()

    def _record(
        self, kind: str, number: int, estimate: float, observation: SignalObservation, now_ms: int
    ) -> dict[str, Any]:
        return {
            "drift_id": hashlib.sha256(f"{self._signal}/{kind}/{number}".encode()).hexdigest()[:16],
            "signal": self._signal,
            "detector": kind,
            "detected_at": utc(now_ms),
            "event_time": utc(observation.event_time_ms),
            "observation": number,
            "estimate": estimate,
            "observed": observation.mean,
            "expected": observation.expected,
            "psi": self._psi.last,
            "model_id": observation.model_id,
        }
