"""Time from publishing to the alert, under load from a process of its own."""

from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

from benchmarks.load_phases import LoadPhases, Phase
from fraudstream.devstack.stack import Services
from fraudstream.readers.alert_watch import AlertWatch
from fraudstream.readers.latency import LONGEST_MS, MICROSECONDS, latency_histogram
from schemas.wall_clock import now_ms


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Lengths of the suite's parts in seconds, and their numbers."""

    saturated_s: float = 40.0
    step_s: float = 15.0
    steps: int = 4
    warm_up_s: float = 10.0
    run_s: float = 20.0
    runs: int = 3


BRIEF = Lengths(saturated_s=8, step_s=8, steps=1, warm_up_s=2, run_s=6, runs=1)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Measurements at one rate.

    Attributes
    ----------
    name : str
    rate : float
        Target rate, transactions per second.
    runs : list of HdrHistogram
        Histogram per run of the microseconds from publish to alert.
    phases : list of Phase
        Loads of the runs.
    checkpoints : int
        Checkpoints completed in that time.
    """

    name: str
    rate: float
    runs: list[HdrHistogram]
    phases: list[Phase]
    checkpoints: int

    @property
    def pooled(self) -> HdrHistogram:
        """All runs in one."""
        pooled = HdrHistogram(1, LONGEST_MS * MICROSECONDS, 3)
        for histogram in self.runs:
            pooled.add(histogram)
        return pooled


class AlertLatency:
    """Measurement of the running job at several rates.

    Parameters
    ----------
    services
        Of the job.
    job_id : str
    load : LoadPhases
        What loads it, from a process of its own.
    lengths : Lengths
    """

    def __init__(self, services: Services, job_id: str, load: LoadPhases, lengths: Lengths) -> None:
        self._broker = services.broker
        self._rest, self._job_id = services.rest, job_id
        self._load, self._lengths = load, lengths

    def at(self, rate: float, name: str) -> Measured:
        """Warm up at a rate, then measure several runs at it."""
        self._load.run(f"{name}, warming up", rate=rate, seconds=self._lengths.warm_up_s)
        before = self._checkpoints()
        runs = [self._run(rate, f"{name}, run {number + 1}") for number in range(self._lengths.runs)]
        return Measured(
            name=name,
            rate=rate,
            runs=[histogram for histogram, _ in runs],
            phases=[phase for _, phase in runs],
            checkpoints=self._checkpoints() - before,
        )

    def _run(self, rate: float, name: str) -> tuple[HdrHistogram, Phase]:
        with AlertWatch(self._broker) as watch:
            watch.catch_up()
            since_ms = now_ms()
            phase = self._load.run(name, rate=rate, seconds=self._lengths.run_s)
            watch.catch_up()
        return latency_histogram(self._broker, watch.seen_at_ms, since_ms=since_ms), phase

    def _checkpoints(self) -> int:
        return int(self._rest.checkpoints(self._job_id)["counts"]["completed"])
