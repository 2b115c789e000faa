"""Evaluation of all detectors on all scenarios."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from benchmarks.drift.calibration import CONFIGURATIONS, false_alarms
from benchmarks.drift.compared_detectors import COMPARED
from benchmarks.drift.results import Figures
from benchmarks.drift.scenarios import DRIFTS, RARE, RARE_SIGNAL, SEASONAL, STATIONARY, drifted, rare_coordinates, world
from benchmarks.drift.scorecard import Card, score_drift, score_quiet
from benchmarks.drift.streams import Signals, Stream, observed
from models.scoring.artifact import Artifact
from producers.simulation_config import SimulationConfig, epoch_ms

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes of an evaluation.

    Attributes
    ----------
    worlds, customers, days : int
        Simulated worlds, and their sizes.
    drift_day : int
        Start of the drift, in days from the start of the stream.
    streams : int
        Streams of each kind in the calibration.
    """

    worlds: int
    customers: int
    days: int
    drift_day: int
    streams: int


FULL = Sizes(worlds=3, customers=4_000, days=42, drift_day=28, streams=30)
BRIEF = Sizes(worlds=1, customers=1_500, days=21, drift_day=14, streams=2)


def evaluate(
    artifact: Artifact, placeless: Artifact, sizes: Sizes, *, seed: int, progress: Progress = lambda _stage: None
) -> Figures:
    """Evaluate the detectors; the same artifacts, sizes and seed give the same figures.

    Parameters
    ----------
    artifact : Artifact
        Scorer.
    placeless : Artifact
        Scorer whose training had a constant signal: its history had no coordinates.
    sizes : Sizes
    seed : int
    progress : callable of str
        Called with each stage.
    """
    cards = {name: Card() for name in COMPARED}
    shown: tuple[Stream, Stream] | None = None
    for number in range(sizes.worlds):
        config = SimulationConfig(seed=100 * seed + number, customers=sizes.customers, days=sizes.days)
        progress(f"world {number + 1}: without drift")
        table = world(config)
        usual = Signals.of(table, artifact)
        for name, signals in ((STATIONARY, usual.shuffled(seed)), (SEASONAL, usual)):
            streams = _both(signals, artifact)
            score_quiet(cards, name, *streams)
        shown = shown or streams
        progress(f"world {number + 1}: {RARE}")
        rare = Signals.of(rare_coordinates(table, config.seed), placeless)
        by_week, by_mean = _both(rare, placeless)
        # The other signals are scored where they are usual.
        score_quiet(cards, RARE, {RARE_SIGNAL: by_week[RARE_SIGNAL]}, {RARE_SIGNAL: by_mean[RARE_SIGNAL]})
        drift_ms = epoch_ms(config.start + timedelta(days=sizes.drift_day))
        for name in DRIFTS:
            progress(f"world {number + 1}: {name}")
            signals = Signals.of(drifted(name, config, sizes.drift_day), artifact)
            score_drift(cards, name, *_both(signals, artifact), drift_ms)
    if shown is None:
        raise ValueError(f"expected 1 world or more, got {sizes.worlds}")
    progress("calibrating")
    rates = {name: false_alarms(item, streams=sizes.streams, seed=seed) for name, item in CONFIGURATIONS.items()}
    return Figures(seed=seed, worlds=sizes.worlds, cards=cards, calibration=rates, shown=shown)


def _both(signals: Signals, artifact: Artifact) -> tuple[Stream, Stream]:
    manifest = artifact.manifest
    return observed(signals, manifest), observed(signals, manifest, by_week=False)
