"""Detectors compared by the scorecard."""

from collections.abc import Callable, Mapping, Sequence

from models.drift.detector import JOB_DETECTORS, DetectorSettings, DriftDetector, adwin, kswin, page_hinkley
from models.drift.psi_window import PsiWindow
from models.drift.signal_observation import SignalObservation

Detector = Callable[[Sequence[SignalObservation]], list[int]]
"""Function from one signal's observations to the indices of those at which it fires."""


def river(settings: DetectorSettings) -> Detector:
    """Return a detector of river."""

    def fired(observations: Sequence[SignalObservation]) -> list[int]:
        detector = DriftDetector(settings)
        return [index for index, item in enumerate(observations) if detector.update(item.standardised) is not None]

    return fired


def stability_index(observations: Sequence[SignalObservation]) -> list[int]:
    """Fire where the population stability index is over its limit."""
    window = PsiWindow()
    return [index for index, item in enumerate(observations) if window.update(item)]


def job(observations: Sequence[SignalObservation]) -> list[int]:
    """Fire where any detector of the job fires."""
    detectors = [*(river(settings) for settings in JOB_DETECTORS.values()), stability_index]
    return sorted(index for detector in detectors for index in detector(observations))


JOB, ADWIN_BY_MEAN = "the job's: Page-Hinkley and PSI", "ADWIN 1e-5, without the time of week"
ALWAYS, NEVER = "always fires", "never fires"

COMPARED: Mapping[str, Detector] = {
    JOB: job,
    "ADWIN, delta 1e-5": river(adwin(1e-5)),
    "ADWIN, delta 0.002 (River's default)": river(adwin(0.002)),
    "Page-Hinkley, threshold 25, delta 1": river(page_hinkley(25.0, delta=1.0)),
    "Page-Hinkley, threshold 25, delta 0.5": river(page_hinkley(25.0, delta=0.5)),
    "PSI over 0.1": stability_index,
    "KSWIN, alpha 1e-4, each third": river(kswin(1e-4, every=3)),
    ADWIN_BY_MEAN: river(adwin(1e-5)),
    ALWAYS: lambda observations: list(range(len(observations))),
    NEVER: lambda _observations: [],
}
