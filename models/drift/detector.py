import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from river.drift import ADWIN, PageHinkley

RIVER_VERSION = version("river")
_HEADER = struct.Struct("<HQH")
_VERSION = 1

# Signals come standardised (see `standardise`), so the thresholds below are in standard deviations of an
# observation. PageHinkley's default threshold, 50, is made for unit-variance data; its delta ignores shifts under
# half a deviation.
DETECTORS: dict[str, Callable[[], Any]] = {
    "ADWIN": lambda: ADWIN(delta=0.0005, clock=1, grace_period=20),  # type: ignore[no-untyped-call]
    "PageHinkley": lambda: PageHinkley(min_instances=30, delta=0.5, threshold=25.0, alpha=1.0),
}


@dataclass(frozen=True)
class Detection:
    """A detector fired.

    Attributes
    ----------
    observation : int
        How many observations the detector has seen, this one included.
    estimate : float
        Mean of the signal since the change as the detector sees it, or the observation where it keeps none.
    """

    observation: int
    estimate: float


class DriftDetector:
    """One River detector on one signal, with its state as versioned bytes.

    Parameters
    ----------
    kind : str
        A name in DETECTORS.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._detector = DETECTORS[kind]()
        self._observations = 0

    def update(self, value: float) -> Detection | None:
        """Take in one observation; return what was detected, if anything was."""
        self._observations += 1
        self._detector.update(value)
        if not self._detector.drift_detected:
            return None
        return Detection(self._observations, float(getattr(self._detector, "estimation", value)))

    def to_bytes(self) -> bytes:
        """Return the detector's state: version, observations, River's version, then River's own state."""
        river = RIVER_VERSION.encode()
        head = _HEADER.pack(_VERSION, self._observations, len(river)) + river
        return head + pickle.dumps(self._detector, protocol=5)

    @classmethod
    def from_bytes(cls, kind: str, raw: bytes | None) -> "DriftDetector":
        """Return the detector that `to_bytes` described, or a new one.

        River's detectors have no state format of their own, so theirs is a pickle. It comes only from this
        job's own checkpoints, and only if the same version of River wrote it: else the detector warms up again.
        """
        detector = cls(kind)
        if raw is None:
            return detector
        layout, observations, length = _HEADER.unpack_from(raw)
        body = _HEADER.size + length
        if layout == _VERSION and raw[_HEADER.size : body] == RIVER_VERSION.encode():
            detector._detector = pickle.loads(raw[body:])  # noqa: S301
            detector._observations = observations
        return detector
