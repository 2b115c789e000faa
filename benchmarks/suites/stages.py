"""Where the time of an event goes, from the JVM's window to the alert, and which threads the processor works for."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.bench import PATIENCE_S, bench_model, bench_settings, console, publish
from benchmarks.chart import Chart
from benchmarks.drain import scoring
from benchmarks.flame_graph import SETTINGS, flame_graph
from benchmarks.report import Report, Section
from benchmarks.stage_names import BATCHES, BETWEEN, EVENTS, GROUP, STAGES
from benchmarks.thread_times import ThreadTimes
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.deadline import wait_until
from runtime.embedded import Services, embedded
from runtime.failures import RuntimeFailure
from runtime.flink_rest import FlinkRest
from runtime.run_state import RunState
from runtime.settings import Settings
from runtime.topic_reader import await_records
from schemas.topics import Topics

JOB = Path(__file__).parents[1] / "stage_job.py"
WORLD = SimulationConfig(seed=2, customers=10_000, days=24)
BACKLOG, LIVE_S, PROFILE_S = 600_000, 20, 10
LIVE_RATES = (5_000, 100)
"""Transactions a second. At the second a batch has one or two: what it costs is what any batch costs at least."""
COUNTERS_S = 60.0
"""Flink asks its TaskManagers for their counters every 10 s."""
LEAST_SHARE = 0.01
"""Threads with less of the processor's time are added up."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What so many events took.

    Attributes
    ----------
    spent_ns : mapping of stage to int
        Nanoseconds on the wall of the operator's one thread.
    events, batches : int
    threads_s : mapping of name to float
        Processor seconds by kind of thread, the broker's in one.
    """

    spent_ns: Mapping[str, int]
    events: int
    batches: int
    threads_s: Mapping[str, float]

    def us_per_event(self, stage: str) -> float:
        """Return a stage's microseconds an event."""
        return self.spent_ns.get(stage, 0) / 1e3 / self.events

    @property
    def wall_us(self) -> float:
        """Microseconds from an event to the next."""
        return sum(self.spent_ns.values()) / 1e3 / self.events

    @property
    def operator_us(self) -> float:
        """Microseconds an event that the operator was at work."""
        return self.wall_us - self.us_per_event(BETWEEN)

    @property
    def events_per_batch(self) -> float:
        """Events in a batch, on average."""
        return self.events / self.batches

    @property
    def operator_us_per_batch(self) -> float:
        """Microseconds a batch that the operator was at work."""
        return self.operator_us * self.events_per_batch


class StageBench:
    """Runs the job with clocks in it, again and again, on one stack.

    Parameters
    ----------
    settings, services
        Of the stack.
    """

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings, self._services = settings, services
        self._rest = FlinkRest(url=services.rest_url)
        self._drains = 0

    def drain(self, events: int) -> Cost:
        """Let a new job drain the topic."""
        own = self._next()
        with scoring(own, self._services, JOB):
            return self._cost_of(lambda: self._await(own, events), Counter(), events)

    def live(self, table: pa.Table, already: int, seconds: int) -> list[Cost]:
        """Publish from a row on at each of LIVE_RATES, to a new job that has drained those before it."""
        own, costs = self._next(), []
        with scoring(own, self._services, JOB):
            self._await(own, already)
            for rate in LIVE_RATES:
                part, before = table.slice(already, rate * seconds), self._counted(already)
                already += len(part)
                publish_all = partial(self._publish, own, part, rate=rate, expected=already)
                costs.append(self._cost_of(publish_all, before, already))
        return costs

    def profile(self, seconds: int) -> bytes:
        """Return the flame graph of a new job that drains the topic."""
        with scoring(self._next(), self._services, JOB):
            return flame_graph(self._services.rest_url, seconds)

    def _cost_of(self, work: Callable[[], None], before: Counter[str], events: int) -> Cost:
        threads = self._threads()
        work()
        spent_s = self._threads_since(threads)
        counted = self._counted(events)
        counted.subtract(before)
        return Cost(
            spent_ns={name: counted[name] for name in STAGES},
            events=counted[EVENTS],
            batches=counted[BATCHES],
            threads_s=spent_s,
        )

    def _publish(self, own: Settings, table: pa.Table, *, rate: int, expected: int) -> None:
        publish(own, self._services, table, rate=rate)
        self._await(own, expected)

    def _next(self) -> Settings:
        self._drains += 1
        topics = Topics(scores=f"stages.scores.{self._drains}", alerts=f"stages.alerts.{self._drains}")
        return self._settings.model_copy(update={"topics": topics})

    def _await(self, own: Settings, events: int) -> None:
        await_records(own, self._services.bootstrap_servers, own.topics.scores, events, seconds=PATIENCE_S)

    def _counted(self, events: int) -> Counter[str]:
        """Return the running job's counters when they have so many events."""
        job_id = self._rest.jobs()[0]["jid"]
        found: Counter[str] = Counter()

        def complete() -> bool:
            found.clear()
            found.update(self._rest.counters(job_id, GROUP))
            return found[EVENTS] >= events

        if not wait_until(complete, seconds=COUNTERS_S, interval_s=1.0):
            raise RuntimeFailure(f"expected {events:,} events counted by stage, was {found[EVENTS]:,}")
        return found

    def _threads(self) -> dict[str, ThreadTimes]:
        running = RunState.load(self._settings.state).running()
        return {process.name: ThreadTimes.now(process.pid) for process in running}

    def _threads_since(self, earlier: Mapping[str, ThreadTimes]) -> Counter[str]:
        spent: Counter[str] = Counter()
        for process, times in self._threads().items():
            for thread, seconds in times.since(earlier[process]).items():
                spent[thread if process.startswith("taskmanager") else f"({process})"] += seconds
        return spent


def run(brief: bool) -> Report:
    """Drain twice, the first to warm up; go live; draw the flame graph."""
    backlog, live_s = (60_000, 3) if brief else (BACKLOG, LIVE_S)
    settings = bench_settings(bench_model())
    settings = settings.model_copy(update={"flink": settings.flink.model_copy(update={"config": SETTINGS})})
    table = simulate(WORLD)
    with embedded(settings) as services:
        with console.status(f"filling the topic with {backlog:,} transactions"):
            publish(settings, services, table.slice(0, backlog))
        bench = StageBench(settings, services)
        with console.status("draining it, to warm up"):
            bench.drain(backlog)
        with console.status("draining it"):
            drained = bench.drain(backlog)
        with console.status("drawing the flame graph of a drain"):
            page = bench.profile(2 if brief else PROFILE_S)
        with console.status("live"):
            live = bench.live(table, backlog, live_s)
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
    # Where it is not draining, the wait says only how little there is to do.
    waits = [STAGES[BETWEEN], *_pair(drained.us_per_event(BETWEEN), drained), *[""] * (2 * len(others))]
    return Section(title="Time by stage", columns=columns, rows=[*rows, busy, waits])


def _cells(costs: Mapping[str, Cost], stage: str) -> list[str]:
    return [cell for cost in costs.values() for cell in _pair(cost.us_per_event(stage), cost)]


def _pair(us_per_event: float, cost: Cost) -> tuple[str, str]:
    return f"{us_per_event:.2f}", f"{us_per_event * cost.events_per_batch:,.0f}"


def _threads_section(costs: Mapping[str, Cost]) -> Section:
    drained = next(iter(costs.values()))
    least = LEAST_SHARE * sum(drained.threads_s.values())
    shown = [name for name, seconds in sorted(drained.threads_s.items(), key=lambda it: -it[1]) if seconds >= least]

    def us(cost: Cost, names: list[str]) -> str:
        return f"{sum(cost.threads_s.get(name, 0.0) for name in names) * 1e6 / cost.events:.2f}"

    rows = [[name, *(us(cost, [name]) for cost in costs.values())] for name in shown]
    others = [[name for name in cost.threads_s if name not in shown] for cost in costs.values()]
    rows.append(["others", *(us(cost, names) for cost, names in zip(costs.values(), others, strict=True))])
    rows.append(["all", *(us(cost, list(cost.threads_s)) for cost in costs.values())])
    columns = ["threads", *(f"processor µs/event, {name}" for name in costs)]
    return Section(title="Processor time by thread", columns=columns, rows=rows)
