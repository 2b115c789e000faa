"""River's drift detectors with versioned state."""

import pickle
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from threading import Lock
from types import ModuleType
from typing import Any

RIVER_VERSION = version("river")
_LOADING = Lock()
_HEADER = struct.Struct("<HQH")
_VERSION = 2
"""1 had no settings, and detectors of means that were not compared with their time of the week."""


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """Settings of a River detector.

    Parameters
    ----------
    make : callable
        Returns a new detector.
    mark : str
        Identifies the settings: state under another mark is not resumed.
    every : int
        The detector gets each `every`th observation.
    """

    make: Callable[[], Any]
    mark: str
    every: int = 1


def _river(module: str, detector: str, **settings: Any) -> Any:
    """Return a new detector of River."""
    return getattr(_loaded(f"river.drift.{module}"), detector)(**settings)


def _loaded(module: str) -> ModuleType:
    """Import a module of `river.drift` without what the package itself imports.

    That is River's data sets, with pandas and scikit-learn: seconds in which a job that has just started scores hardly
    anything. Code that imports `river.drift` itself, before or after, has all of it.
    """
    package = "river.drift"
    with _LOADING:
        if package in sys.modules or module in sys.modules:
            return import_module(module)
        spec = find_spec(package)
        if spec is None:
            raise ModuleNotFoundError(package)
        sys.modules[package] = module_from_spec(spec)
        try:
            return import_module(module)
        finally:
            del sys.modules[package]


def adwin(delta: float) -> DetectorSettings:
    """Return the settings of ADWIN on each observation."""
    return DetectorSettings(
        make=lambda: _river("adwin", "ADWIN", delta=delta, clock=1, grace_period=20), mark=f"delta={delta}"
    )


def page_hinkley(threshold: float, delta: float) -> DetectorSettings:
    """Return the settings of Page-Hinkley in both directions; `delta` is the tolerated shift in standard errors."""
    return DetectorSettings(
        make=lambda: _river(
            "page_hinkley", "PageHinkley", min_instances=30, delta=delta, threshold=threshold, alpha=1.0
        ),
        mark=f"threshold={threshold},delta={delta}",
    )


def kswin(alpha: float, *, every: int) -> DetectorSettings:
    """Return the settings of KSWIN on each `every`th observation: an update costs sixty times that of ADWIN."""
    return DetectorSettings(
        make=lambda: _river("kswin", "KSWIN", alpha=alpha, window_size=100, stat_size=30, seed=1),
        mark=f"alpha={alpha}",
        every=every,
    )


DETECTORS: Mapping[str, DetectorSettings] = {
    "ADWIN": adwin(1e-5),
    "PageHinkley": page_hinkley(25.0, delta=1.0),
    "KSWIN": kswin(1e-4, every=3),
}
"""Available detectors. Signals are standardised, so thresholds are in standard errors."""

JOB_DETECTORS: Mapping[str, DetectorSettings] = {"PageHinkley": DETECTORS["PageHinkley"]}
"""Detectors of the job: the best of the scorecard (`docs/drift.md`). It alone never fired on streams without drift,
missed no drift, and costs a fiftieth of ADWIN."""


@dataclass(frozen=True)
class Detection:
    """Drift that a detector found.

    Attributes
    ----------
    observation : int
        Number of the observation, from 1 on.
    estimate : float
        Mean of the signal since the change as the detector sees it, or the observation where it keeps none.
    """

    observation: int
    estimate: float


class DriftDetector:
    """One River detector on one signal, with its state as versioned bytes.

    Parameters
    ----------
    observations : int
        Number of earlier observations.
    """

    def __init__(self, settings: DetectorSettings, observations: int = 0) -> None:
        self._settings = settings
        self._detector = settings.make()
        self._observations = observations

    def update(self, value: float) -> Detection | None:
        """Add one observation; return the detection, if any."""
        self._observations += 1
        if self._observations % self._settings.every:
            return None
        self._detector.update(value)
        if not self._detector.drift_detected:
            return None
        return Detection(self._observations, float(getattr(self._detector, "estimation", value)))

    def reset(self) -> None:
        """Discard the observations, but not their number."""
        self._detector = self._settings.make()

    def to_bytes(self) -> bytes:
        """Return the detector's state: version, observations, River's version and the settings, River's own state."""
        river = self._written_by()
        head = _HEADER.pack(_VERSION, self._observations, len(river)) + river
        return head + pickle.dumps(self._detector, protocol=5)

    @classmethod
    def from_bytes(cls, settings: DetectorSettings, raw: bytes | None) -> "DriftDetector":
        """Return the detector that `to_bytes` described, or a new one.

        River's detectors have no state format of their own, so theirs is a pickle. It comes only from this
        job's own checkpoints, and only if the same version of River wrote it, with the same settings: else the
        detector warms up again, and continues counting.
        """
        if raw is None:
            return cls(settings)
        layout, observations, length = _HEADER.unpack_from(raw)
        detector = cls(settings, observations if layout <= _VERSION else 0)
        body = _HEADER.size + length
        if layout == _VERSION and raw[_HEADER.size : body] == detector._written_by():
            detector._detector = pickle.loads(raw[body:])  # noqa: S301
        return detector

    def _written_by(self) -> bytes:
        return f"{RIVER_VERSION} {self._settings.mark}".encode()
