"""Rate of draining a filled topic, in turns with a plain loop; cold start."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.bench import bench_model, bench_settings, console, publish
from benchmarks.chart import Chart
from benchmarks.drain import job_rate, loop_rate, rates_in_turns, scoring
from benchmarks.report import Report, Section
from fraudstream.devstack.stack import Services, embedded
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.topics import Topics

WORLD = SimulationConfig(seed=2, customers=10_000, days=15)
EVENTS, TURNS = 400_000, 4
CHECKPOINT_S = 1.0
JOB, LOOP = "job", "plain loop, one process"


def run(brief: bool = False) -> Report:
    """Drain by job and loop in turns."""
    settings = bench_settings(bench_model())
    job = settings.job.model_copy(update={"checkpoint_interval_s": CHECKPOINT_S})
    settings = settings.model_copy(update={"job": job})
    table = simulate(WORLD).slice(0, 100_000 if brief else EVENTS)
    with embedded(settings) as services:
        with console.status(f"filling the topic with {len(table):,} transactions"):
            publish(services, table)
        cold_start_s = _first_score_s(services)
        rates = rates_in_turns(_sides(services, len(table)), 1 if brief else TURNS)
    return _report(len(table), rates, cold_start_s)


def _first_score_s(services: Services) -> float:
    """Return the seconds from submitting a job, the first on its TaskManager, to its first score."""
    begun = time.perf_counter()
    with scoring(services):
        return time.perf_counter() - begun


def _sides(services: Services, events: int) -> Mapping[str, Callable[[int], float]]:
    def rate_of(drain: Callable[[Services, int], float], turn: int) -> float:
        topics = Topics(scores=f"drain.scores.{turn}", alerts=f"drain.alerts.{turn}")
        return drain(services.with_settings(topics=topics), events)

    return {JOB: partial(rate_of, job_rate), LOOP: partial(rate_of, loop_rate)}


def _report(events: int, rates: Mapping[str, Sequence[float]], cold_start_s: float) -> Report:
    middle = {name: statistics.median(found) for name, found in rates.items()}
    ratio = round(middle[JOB] / middle[LOOP], 2)
    rows = [
        (name, f"{middle[name]:,.0f}", f"{min(found):,.0f} - {max(found):,.0f}", str(len(found)))
        for name, found in rates.items()
    ]
    return Report(
        suite="throughput",
        workload=(
            f"Each drains the same {events:,} transactions of {WORLD.customers:,} customers in turn, after a turn that "
            "does not count. A rate is that at which scores are written between a quarter and nine tenths of all, "
            f"by the times they carry. The job makes a checkpoint every {CHECKPOINT_S:g} s; the loop keeps its state "
            "in memory alone. Broker and drain share the machine."
        ),
        figures={
            "events_per_s": round(middle[JOB]),
            "loop_events_per_s": round(middle[LOOP]),
            "ratio": ratio,
            "cold_start_s": round(cold_start_s, 1),
        },
        raw={
            "events": events,
            "cold_start_s": cold_start_s,
            "rates": {name: [round(rate) for rate in found] for name, found in rates.items()},
        },
        sections=[
            Section(
                title=f"Draining: the job at {ratio} times the loop's rate",
                columns=("engine", "events/s, median", "min - max", "runs"),
                rows=rows,
            ),
            Section(
                title="Cold start",
                columns=("from submitting to the first score", "seconds"),
                rows=[("the first job of its TaskManager", f"{cold_start_s:.1f}")],
            ),
        ],
        charts=[Chart(title="Draining a topic", x="events a second, each run a dot", bars=rates)],
    )
