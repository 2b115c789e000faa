"""Cost of drift detection per event.

Batches of 256 and of 4,096 random scored transactions through the observer as the scoring operator calls it, state
written after each batch; and the detectors on the observations. Medians of 7 rounds, nanoseconds per event.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.report import Report
from models.drift.detector import DETECTORS, DriftDetector
from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.psi import BINS
from models.drift.psi_window import PsiWindow
from models.drift.signal_observation import SignalObservation
from models.drift.signals import SIGNALS, signal_matrix
from models.drift.watch import SignalWatch
from models.features.table import FEATURES

ROUNDS, BATCHES, OBSERVATIONS = 7, 100, 500
START_MS = 1_767_225_600_000


def accumulation_ns(size: int, rounds: int) -> float:
    """Return the cost of an event in the scoring operator, by batch size."""
    rng = np.random.default_rng(1)
    x = rng.random((size, len(FEATURES)), np.float32)
    scores, alerted = x[:, 0].copy(), x[:, 0] > 0.99
    times = START_MS + np.arange(size, dtype=np.int64) * 10
    edges = np.tile(np.linspace(0.1, 0.9, BINS - 1), (len(SIGNALS), 1))

    def round_() -> None:
        raw = None
        for _ in range(BATCHES):
            accumulator = Accumulator(edges, raw)
            accumulator.update(signal_matrix(x, scores, alerted), times)
            raw = accumulator.encode()

    return _median_ns(round_, rounds) / (BATCHES * size)


def detection_ns(update: Callable[[SignalObservation], object], rounds: int) -> float:
    """Return the cost of an event for a detector that is given the observations of all signals."""
    rng = np.random.default_rng(1)
    items = [
        SignalObservation(
            mean=float(mean),
            expected=0.0,
            standard_error=1.0,
            bins=[OBSERVATION_SIZE // BINS] * BINS,
            expected_shares=[1 / BINS] * BINS,
            event_time_ms=START_MS,
            model_id="fraud",
        )
        for mean in rng.standard_normal(OBSERVATIONS)
    ]

    def round_() -> None:
        for item in items:
            update(item)

    return _median_ns(round_, rounds) / OBSERVATIONS * len(SIGNALS) / OBSERVATION_SIZE


def _fed(detector: DriftDetector) -> Callable[[SignalObservation], object]:
    return lambda item: detector.update(item.standardised)


def _median_ns(work: Callable[[], None], rounds: int) -> float:
    work()  # the first call compiles
    spent = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        work()
        spent.append(time.perf_counter_ns() - begin)
    return statistics.median(spent)


def run(brief: bool = False) -> Report:
    """Measure the observer, each detector and the whole."""
    rounds = 1 if brief else ROUNDS
    result = {f"observe_batches_of_{size}": round(accumulation_ns(size, rounds), 1) for size in (256, 4_096)}
    for kind, settings in DETECTORS.items():
        result[kind] = round(detection_ns(_fed(DriftDetector(settings)), rounds), 1)
    result["PSI"] = round(detection_ns(PsiWindow().update, rounds), 1)
    watch = SignalWatch("score", {})
    whole = detection_ns(lambda item: (watch.update(item, 0), watch.state()), rounds)
    result["whole_watch_and_its_state"] = round(whole, 1)
    return Report.of_figures("drift-cost", __doc__, result)
