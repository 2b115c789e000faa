"""Time of an event by stage, from the JVM's window to the alert, and processor time by thread."""

from collections.abc import Mapping
from typing import Any

from benchmarks.bench import bench_model, bench_settings, console, publish
from benchmarks.chart import Chart
from benchmarks.flame_graph import SETTINGS
from benchmarks.report import Report, Section
from benchmarks.stage_bench import Cost, StageBench
from benchmarks.stage_names import BETWEEN, STAGES
from fraudstream.devstack.stack import embedded
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

WORLD = SimulationConfig(seed=2, customers=10_000, days=24)
BACKLOG, LIVE_S, PROFILE_S = 600_000, 20, 10
LIVE_RATES = (5_000, 100)
"""Transactions per second. At the second rate a batch has one or two: its cost is the minimum of any batch."""
MIN_SHARE = 0.01
"""Share of the processor time below which threads are summed up."""


def run(brief: bool = False) -> Report:
    """Drain twice, the first to warm up; go live; draw the flame graph."""
    backlog, live_s = (60_000, 3) if brief else (BACKLOG, LIVE_S)
    settings = bench_settings(bench_model())
    settings = settings.model_copy(update={"flink": settings.flink.model_copy(update={"config": SETTINGS})})
    table = simulate(WORLD)
    with embedded(settings) as services:
        with console.status(f"filling the topic with {backlog:,} transactions"):
            publish(services, table.slice(0, backlog))
        bench = StageBench(services)
        with console.status("draining it, to warm up"):
            bench.drain(backlog)
        with console.status("draining it"):
            drained = bench.drain(backlog)
        with console.status("drawing the flame graph of a drain"):
            page = bench.profile(2 if brief else PROFILE_S)
        with console.status("live"):
            live = bench.live(table, backlog, LIVE_RATES, live_s)
    names = ("drain", *(f"{rate:,}/s" for rate in LIVE_RATES))
    return _report(dict(zip(names, (drained, *live), strict=True)), page)


def _report(costs: Mapping[str, Cost], page: bytes) -> Report:
    drained, live, sparse = costs.values()
    live_rates = " and ".join(f"{rate:,}" for rate in LIVE_RATES)
    return Report(
        suite="stages",
        workload=(
            "The scoring job with a clock at every stage of its operator, draining a topic (after a drain to warm "
            f"up) and at {live_rates} transactions a second. Stages are of one thread, on the wall, and each is "
            "without those that lie within it. Until the next batch is there the thread waits, or the JVM turns the "
            "batch into Python's values. Threads are the TaskManager's, by processor time; other processes in "
            "brackets. The flame graph shows Python as its interpreter's own frames."
        ),
        figures={
            "us_per_event": round(drained.wall_us, 2),
            "operator_us_per_event": round(drained.operator_us, 2),
            "operator_share": round(drained.operator_us / drained.wall_us, 2),
            "us_per_batch_live": round(live.operator_us_per_batch),
            "us_per_batch_fixed": round(sparse.operator_us_per_batch),
        },
        raw={name: _raw(cost) for name, cost in costs.items()},
        sections=[_stages_section(costs), _threads_section(costs)],
        pages={"flame-graph": page},
        charts=[
            Chart(
                title="Microseconds an event, draining",
                x="µs",
                bars={words: [drained.us_per_event(stage)] for stage, words in STAGES.items()},
            )
        ],
    )


def _raw(cost: Cost) -> dict[str, Any]:
    return {
        "events": cost.events,
        "batches": cost.batches,
        "us_per_event": {stage: round(cost.us_per_event(stage), 3) for stage in STAGES},
        "processor_s": {name: round(seconds, 2) for name, seconds in cost.threads_s.items() if seconds},
    }


def _stages_section(costs: Mapping[str, Cost]) -> Section:
    columns = ["stage of the operator"]
    for name, cost in costs.items():
        columns += [f"µs/event, {name}", f"µs/batch of {cost.events_per_batch:,.0f}"]
    rows = [[words, *_cells(costs, stage)] for stage, words in STAGES.items() if stage != BETWEEN]
    busy = ["at work", *(cell for cost in costs.values() for cell in _pair(cost.operator_us, cost))]
    drained, *others = costs.values()
    # Without a backlog the wait only shows the lack of work.
    waits = [STAGES[BETWEEN], *_pair(drained.us_per_event(BETWEEN), drained), *[""] * (2 * len(others))]
    return Section(title="Time by stage", columns=columns, rows=[*rows, busy, waits])


def _cells(costs: Mapping[str, Cost], stage: str) -> list[str]:
    return [cell for cost in costs.values() for cell in _pair(cost.us_per_event(stage), cost)]


def _pair(us_per_event: float, cost: Cost) -> tuple[str, str]:
    return f"{us_per_event:.2f}", f"{us_per_event * cost.events_per_batch:,.0f}"


def _threads_section(costs: Mapping[str, Cost]) -> Section:
    drained = next(iter(costs.values()))
    threshold = MIN_SHARE * sum(drained.threads_s.values())
    shown = [name for name, seconds in sorted(drained.threads_s.items(), key=lambda it: -it[1]) if seconds >= threshold]

    def us(cost: Cost, names: list[str]) -> str:
        return f"{sum(cost.threads_s.get(name, 0.0) for name in names) * 1e6 / cost.events:.2f}"

    rows = [[name, *(us(cost, [name]) for cost in costs.values())] for name in shown]
    others = [[name for name in cost.threads_s if name not in shown] for cost in costs.values()]
    rows.append(["others", *(us(cost, names) for cost, names in zip(costs.values(), others, strict=True))])
    rows.append(["all", *(us(cost, list(cost.threads_s)) for cost in costs.values())])
    columns = ["threads", *(f"processor µs/event, {name}" for name in costs)]
    return Section(title="Processor time by thread", columns=columns, rows=rows)
