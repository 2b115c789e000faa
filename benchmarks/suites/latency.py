"""The time from publishing to the alert, at 5,000 transactions a second and at half of what can be sustained."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hdrh.histogram import HdrHistogram

from benchmarks.bench import bench_model, bench_settings
from benchmarks.chart import Chart
from benchmarks.load_phases import LoadPhases, Phase
from benchmarks.report import Report, Section
from benchmarks.vitals import Vitals
from runtime.alert_watch import AlertWatch
from runtime.embedded import Services, embedded
from runtime.flink_rest import FlinkRest
from runtime.latency import LONGEST_MS, MICROSECONDS, Latency, latency_histogram
from runtime.settings import Settings
from runtime.submit import stop_job, submit
from schemas.wall_clock import now_ms

RATE = 5_000.0


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """How long the parts of the suite take, in seconds, and how many they are."""

    saturated_s: float = 40.0
    step_s: float = 15.0
    steps: int = 4
    warm_up_s: float = 10.0
    run_s: float = 20.0
    runs: int = 3


BRIEF = Lengths(saturated_s=8, step_s=8, steps=1, warm_up_s=2, run_s=6, runs=1)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was seen at one rate.

    Attributes
    ----------
    name : str
    rate : float
        Transactions a second, as wanted.
    runs : list of HdrHistogram
        Microseconds from publish to alert, a histogram a run.
    phases : list of Phase
        The loads of the runs.
    checkpoints : int
        That were completed meanwhile.
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
    """Measures the running job at one rate after the other.

    Parameters
    ----------
    settings, services
        Of the job.
    job_id : str
    load : LoadPhases
        What loads it, from a process of its own.
    lengths : Lengths
    """

    def __init__(self, settings: Settings, services: Services, job_id: str, load: LoadPhases, lengths: Lengths) -> None:
        self._settings, self._servers = settings, services.bootstrap_servers
        self._rest, self._job_id = FlinkRest(url=services.rest_url), job_id
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
        with AlertWatch(self._settings, self._servers) as watch:
            watch.catch_up()
            since_ms = now_ms()
            phase = self._load.run(name, rate=rate, seconds=self._lengths.run_s)
            watch.catch_up()
        return latency_histogram(self._settings, self._servers, watch.seen_at_ms, since_ms=since_ms), phase

    def _checkpoints(self) -> int:
        return int(self._rest.checkpoints(self._job_id)["counts"]["completed"])


def run(brief: bool) -> Report:
    """Find the sustainable rate, then measure at the two rates."""
    lengths = BRIEF if brief else Lengths()
    settings = bench_settings(bench_model())
    with embedded(settings) as services:
        job = submit(settings, services)
        with Vitals(settings, services, job.job_id) as vitals:
            load = LoadPhases(services, vitals)
            sustainable = load.sustainable_rate(
                warm_up_s=lengths.saturated_s, step_s=lengths.step_s, steps=lengths.steps
            )
            latency = AlertLatency(settings, services, job.job_id, load, lengths)
            measured = [
                latency.at(RATE, f"{RATE:,.0f}/s"),
                latency.at(sustainable / 2, f"{sustainable / 2:,.0f}/s, half of it"),
            ]
        stop_job(settings, services, job.job_id, savepoint=False)
    return _report(settings, sustainable, measured)


def _report(settings: Settings, sustainable: float, measured: Sequence[Measured]) -> Report:
    fixed, half = (_rounded(Latency.of(one.pooled)) for one in measured)
    return Report(
        suite="latency",
        workload=(
            "A process of its own publishes by the clock, whatever the job does (open loop). A latency is the time "
            "from the moment at which the transaction was due to the moment at which its alert was read, so a sender "
            "that falls behind hides nothing (no coordinated omission); before each rate a warm-up is left out. "
            f"Checkpoints, every {settings.job.checkpoint_interval_s:g} s, are part of it. The sustainable rate is the "
            "highest at which no lag grows, found by halving. Broker, load and reader share the machine."
        ),
        figures={
            "sustainable_per_s": round(sustainable),
            **{f"{name}_at_{RATE:.0f}": fixed[name] for name in ("p50_ms", "p99_ms", "p999_ms")},
            **{f"{name}_at_half": half[name] for name in ("p50_ms", "p99_ms", "p999_ms")},
        },
        raw={"sustainable_per_s": sustainable, "rates": [_raw(one) for one in measured]},
        sections=[
            Section(
                title=f"Publish to alert, ms; {sustainable:,.0f} events/s can be sustained",
                columns=("at", "p50", "p99", "p99.9", "longest", "p99 by run", "alerts", "checkpoints", "load late by"),
                rows=[_row(one) for one in measured],
            )
        ],
        charts=[_chart(measured)],
    )


def _row(one: Measured) -> Sequence[str]:
    pooled = Latency.of(one.pooled)
    by_run = [Latency.of(histogram).p99_ms for histogram in one.runs]
    return (
        one.name,
        *(f"{value:,.1f}" for value in (pooled.p50_ms, pooled.p99_ms, pooled.p999_ms, pooled.max_ms)),
        ", ".join(f"{value:,.0f}" for value in by_run),
        f"{pooled.count:,}",
        f"{one.checkpoints}",
        f"{max(phase.behind_ms for phase in one.phases):,.0f} ms",
    )


def _raw(one: Measured) -> dict[str, Any]:
    return {
        "name": one.name,
        "per_s": one.rate,
        "published_per_s": [round(phase.rate) for phase in one.phases],
        "behind_ms": [round(phase.behind_ms, 1) for phase in one.phases],
        "not_scored_at_end": [phase.ended.lag for phase in one.phases],
        "checkpoints": one.checkpoints,
        "longest_checkpoint_ms": max(look.checkpoint_ms for phase in one.phases for look in phase.looks),
        "runs": [_rounded(Latency.of(histogram)) for histogram in one.runs],
        "histogram_us": one.pooled.encode().decode(),
    }


def _rounded(latency: Latency) -> dict[str, float]:
    return {name: round(value, 1) for name, value in asdict(latency).items()}


def _chart(measured: Sequence[Measured]) -> Chart:
    lines = {}
    for one in measured:
        pooled = one.pooled
        shares = [1 - 1 / 2 ** (step / 2) for step in range(1, 24)]
        lines[one.name] = [
            (1 / (1 - share), pooled.get_value_at_percentile(100 * share) / MICROSECONDS)
            for share in shares
            if pooled.get_total_count() * (1 - share) >= 1
        ]
    return Chart(
        title="Publish to alert: of so many alerts one takes as long",
        x="alerts (10 is p90, 100 is p99, 1,000 is p99.9)",
        y="milliseconds",
        lines=lines,
        x_scale="log",
    )
