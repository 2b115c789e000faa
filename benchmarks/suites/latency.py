"""Time from publishing to the alert, at 5,000 transactions per second and at half of the sustainable rate."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.alert_latency import BRIEF, AlertLatency, Lengths, Measured
from benchmarks.bench import bench_model, bench_settings
from benchmarks.chart import Chart
from benchmarks.load_phases import LoadPhases
from benchmarks.report import Report, Section
from benchmarks.vitals import Vitals
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import embedded
from fraudstream.readers.latency import MICROSECONDS, Latency
from fraudstream.settings.settings import Settings

RATE = 5_000.0


def run(brief: bool = False) -> Report:
    """Find the sustainable rate, then measure at the two rates."""
    lengths = BRIEF if brief else Lengths()
    settings = bench_settings(bench_model())
    with embedded(settings) as services:
        job = submit(services)
        with Vitals(services, job.job_id) as vitals:
            load = LoadPhases(services, vitals)
            sustainable = load.sustainable_rate(
                warm_up_s=lengths.saturated_s, step_s=lengths.step_s, steps=lengths.steps
            )
            latency = AlertLatency(services, job.job_id, load, lengths)
            measured = [
                latency.at(RATE, f"{RATE:,.0f}/s"),
                latency.at(sustainable / 2, f"{sustainable / 2:,.0f}/s, half of it"),
            ]
        stop_job(services, job.job_id, savepoint=False)
    return _report(settings, sustainable, measured)


def _report(settings: Settings, sustainable: float, measured: Sequence[Measured]) -> Report:
    fixed, half = (_rounded(Latency.of(one.pooled)) for one in measured)
    return Report(
        suite="latency",
        workload=(
            "A process of its own publishes by the clock, independently of the job (open loop). A latency is the time "
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
        "longest_checkpoint_ms": max(sample.checkpoint_ms for phase in one.phases for sample in phase.samples),
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
        title="Publish to alert: slowest of this number of alerts",
        x="alerts (10 is p90, 100 is p99, 1,000 is p99.9)",
        y="milliseconds",
        lines=lines,
        x_scale="log",
    )
