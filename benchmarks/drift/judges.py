from collections.abc import Callable, Mapping, Sequence

from models.drift.detector import JOB_DETECTORS, DetectorSettings, DriftDetector, adwin, kswin, page_hinkley
from models.drift.psi_window import PsiWindow
from models.drift.signal_observation import SignalObservation

Judge = Callable[[Sequence[SignalObservation]], list[int]]
"""Given one signal's observations, tells at which of them it fired."""


def river(settings: DetectorSettings) -> Judge:
    def fired(observations: Sequence[SignalObservation]) -> list[int]:
        detector = DriftDetector(settings)
        return [place for place, item in enumerate(observations) if detector.update(item.standardised) is not None]

    return fired


def stability_index(observations: Sequence[SignalObservation]) -> list[int]:
    window = PsiWindow()
    return [place for place, item in enumerate(observations) if window.update(item)]


def job(observations: Sequence[SignalObservation]) -> list[int]:
    """All that the job runs; whichever fires."""
    judges = [*(river(settings) for settings in JOB_DETECTORS.values()), stability_index]
    return sorted(place for judge in judges for place in judge(observations))


JOB, ADWIN_BY_MEAN = "the job's: Page-Hinkley and PSI", "ADWIN 1e-5, without the time of week"
ALWAYS, NEVER = "always fires", "never fires"

JUDGES: Mapping[str, Judge] = {
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
