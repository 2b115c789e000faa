"""Long load on the running job: a soak, an overload of twice the sustainable rate, and the recovery.

It finds the highest rate at which no lag grows, loads the job with 70 % of it for 20 minutes and with 200 % for 5, and
waits until it has caught up: about 40 minutes. A broken promise is a transaction without a score, a restart, or a
process whose memory at the soak's end is more than 5 % from that at its middle.
"""

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from benchmarks.bench import bench_model, bench_settings
from benchmarks.chart import Chart, Points
from benchmarks.load_phases import STEP_S, WARM_UP_S, LoadPhases, Phase
from benchmarks.report import Report, Section
from benchmarks.vitals import Sample, Vitals
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import Services, embedded

SOAK_SHARE, OVERLOAD_SHARE = 0.7, 2.0
MAX_GROWTH = 0.05
WINDOW_S = 60.0
BRIEF_MINUTES = 0.5
BRIEF_SEARCH_S = (20.0, 10.0)
"""Warm-up and steps of the search for the sustainable rate."""
# As on a broker in long use: it maps the index of every kept segment into its memory. What an overload leaves unread
# must not be deleted, so then the topics that the job reads keep more.
KEPT_BYTES, KEPT_UNREAD_BYTES, SEGMENT_BYTES = 256 * 2**20, 4 * 2**30, 64 * 2**20


def run(brief: bool = False, *, soak_minutes: float = 20.0, overload_minutes: float = 5.0) -> Report:
    """Run the phases and check the promises."""
    warm_up_s, step_s = BRIEF_SEARCH_S if brief else (WARM_UP_S, STEP_S)
    if brief:
        soak_minutes, overload_minutes = min(soak_minutes, BRIEF_MINUTES), min(overload_minutes, BRIEF_MINUTES)
    settings = bench_settings(bench_model())
    with embedded(settings) as services:
        _keep(services, settings.topics.names(), KEPT_BYTES)
        job = submit(services)
        with Vitals(services, job.job_id) as vitals:
            load = LoadPhases(services, vitals)
            sustainable = load.sustainable_rate(warm_up_s=warm_up_s, step_s=step_s)
            soak = load.run("soak", rate=SOAK_SHARE * sustainable, seconds=60 * soak_minutes)
            _keep(services, (settings.topics.transactions, settings.topics.labels), KEPT_UNREAD_BYTES)
            overload = load.run("overload", rate=OVERLOAD_SHARE * sustainable, seconds=60 * overload_minutes)
        stop_job(services, job.job_id, savepoint=False)
    result = {
        "sustainable_per_s": round(sustainable),
        "soak": {**_summary(soak), "memory_growth": {name: round(v, 3) for name, v in memory_growth(soak).items()}},
        "overload": _summary(overload),
        "unscored": overload.samples[-1].lag,
    }
    return Report(
        suite="endurance",
        workload=" ".join((__doc__ or "").split()),
        figures=result,
        raw=result,
        sections=[_memory(soak, overload)],
        charts=[chart for name, phase in (("soak", soak), ("overload", overload)) for chart in _charts(name, phase)],
        broken=broken_promises(result),
    )


def memory_growth(phase: Phase) -> dict[str, float]:
    """Return by process the growth of its memory from half time to the load's end, as a fraction."""
    begun, ended = phase.samples[0].at_s, phase.ended.at_s
    half, last = _resident(phase.samples, (begun + ended) / 2), _resident(phase.samples, ended)
    return {name: last[name] / half[name] - 1 for name in last}


def broken_promises(result: dict[str, Any]) -> list[str]:
    """Return a line for each promise that does not hold."""
    broken = [
        f"expected the memory of {name} to stay within {MAX_GROWTH:.0%} in the soak's second half, got {growth:+.1%}"
        for name, growth in result["soak"]["memory_growth"].items()
        if abs(growth) > MAX_GROWTH
    ]
    if result["unscored"]:
        broken.append(f"expected each transaction to be scored once, got {result['unscored']:+,} left")
    return broken


def _resident(samples: Sequence[Sample], until_s: float) -> dict[str, float]:
    """Return each process's mean memory over the WINDOW_S before a moment."""
    rows = [sample.resident_mb for sample in samples if until_s - WINDOW_S <= sample.at_s <= until_s]
    return {name: statistics.mean(row[name] for row in rows) for name in rows[-1]}


def _summary(phase: Phase) -> dict[str, float]:
    return {
        "minutes": round((phase.ended.at_s - phase.samples[0].at_s) / 60, 1),
        "published": phase.published,
        "rate_per_s": round(phase.rate),
        "scored_per_s": round(phase.scored_rate),
        "largest_lag": max(sample.lag for sample in phase.samples),
        "catch_up_s": round(phase.catch_up_s, 1),
        "largest_taskmanager_mb": round(max(sample.resident_mb["taskmanager-1"] for sample in phase.samples)),
        "longest_checkpoint_ms": max(sample.checkpoint_ms for sample in phase.samples),
    }


def _keep(services: Services, topics: Sequence[str], size: int) -> None:
    """Set the retention of topics, in bytes per partition."""
    client = services.broker.admin()
    values = {"retention.bytes": size, "segment.bytes": SEGMENT_BYTES}
    entries = [
        ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET) for name, value in values.items()
    ]
    resources = [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries) for topic in topics]
    for done in client.incremental_alter_configs(resources).values():
        done.result(timeout=20)


def _memory(soak: Phase, overload: Phase) -> Section:
    half = _resident(soak.samples, (soak.samples[0].at_s + soak.ended.at_s) / 2)
    last = _resident(soak.samples, soak.ended.at_s)
    rows = []
    for name, growth in memory_growth(soak).items():
        largest = max(sample.resident_mb[name] for sample in overload.samples)
        rows.append((name, f"{half[name]:,.0f}", f"{last[name]:,.0f}", f"{growth:+.1%}", f"{largest:,.0f}"))
    columns = ("process", "MB at half of the soak", "at its end", "growth", "maximum under overload")
    return Section(title="Memory", columns=columns, rows=rows)


def _charts(name: str, phase: Phase) -> Sequence[Chart]:
    def curve(value: Callable[[Sample], float]) -> Points:
        return [((sample.at_s - phase.samples[0].at_s) / 60, value(sample)) for sample in phase.samples]

    def resident(process: str, sample: Sample) -> float:
        return sample.resident_mb.get(process, 0.0)

    memory = {process: curve(partial(resident, process)) for process in phase.ended.resident_mb}
    lag = {"lag": curve(lambda sample: sample.lag / 1e6)}
    return (
        Chart(title=f"{name}, {phase.rate:,.0f} transactions/s: memory", x="minutes", y="resident MB", lines=memory),
        Chart(title=f"{name}: lag", x="minutes", y="million not scored", lines=lag),
    )
