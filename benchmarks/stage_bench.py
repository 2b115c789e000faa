"""Cost of events by stage, from a job with clocks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from benchmarks.bench import PATIENCE_S, publish
from benchmarks.drain import scoring
from benchmarks.flame_graph import flame_graph
from benchmarks.stage_names import BATCHES, BETWEEN, EVENTS, GROUP, STAGES
from benchmarks.thread_times import ThreadTimes
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topic_reader import await_records
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.run_state import RunState
from schemas.topics import Topics

JOB = Path(__file__).parent / "stage_job.py"
COUNTERS_S = 60.0
"""Time limit for counters; Flink polls its TaskManagers every 10 s."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Cost of a number of events.

    Attributes
    ----------
    spent_ns : mapping of stage to int
        Wall-clock nanoseconds of the operator's thread.
    events, batches : int
    threads_s : mapping of name to float
        Processor seconds by kind of thread, the broker's in one.
    """

    spent_ns: Mapping[str, int]
    events: int
    batches: int
    threads_s: Mapping[str, float]

    def us_per_event(self, stage: str) -> float:
        """Return a stage's microseconds per event."""
        return self.spent_ns.get(stage, 0) / 1e3 / self.events

    @property
    def wall_us(self) -> float:
        """Microseconds from an event to the next."""
        return sum(self.spent_ns.values()) / 1e3 / self.events

    @property
    def operator_us(self) -> float:
        """Busy microseconds of the operator per event."""
        return self.wall_us - self.us_per_event(BETWEEN)

    @property
    def events_per_batch(self) -> float:
        """Events in a batch, on average."""
        return self.events / self.batches

    @property
    def operator_us_per_batch(self) -> float:
        """Busy microseconds of the operator per batch."""
        return self.operator_us * self.events_per_batch


class StageBench:
    """Repeated runs of the job with clocks, on one stack.

    Parameters
    ----------
    services
        Services of the stack.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._rest = services.rest
        self._drains = 0

    def drain(self, events: int) -> Cost:
        """Drain the topic by a new job."""
        own = self._next()
        with scoring(own, JOB):
            return self._cost_of(lambda: self._await(own, events), Counter(), events)

    def live(self, table: pa.Table, already: int, rates: Sequence[int], seconds: int) -> list[Cost]:
        """Publish at each rate to a new job that has drained all earlier transactions."""
        own, costs = self._next(), []
        with scoring(own, JOB):
            self._await(own, already)
            for rate in rates:
                part, before = table.slice(already, rate * seconds), self._counted(already)
                already += len(part)
                publish_all = partial(self._publish, own, part, rate=rate, expected=already)
                costs.append(self._cost_of(publish_all, before, already))
        return costs

    def profile(self, seconds: int) -> bytes:
        """Return the flame graph of a new job that drains the topic."""
        with scoring(self._next(), JOB):
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

    def _publish(self, own: Services, table: pa.Table, *, rate: int, expected: int) -> None:
        publish(own, table, rate=rate)
        self._await(own, expected)

    def _next(self) -> Services:
        self._drains += 1
        topics = Topics(scores=f"stages.scores.{self._drains}", alerts=f"stages.alerts.{self._drains}")
        return self._services.with_settings(topics=topics)

    def _await(self, own: Services, events: int) -> None:
        await_records(own.broker, own.settings.topics.scores, events, seconds=PATIENCE_S)

    def _counted(self, events: int) -> Counter[str]:
        """Return the running job's counters once they have this number of events."""
        job_id = self._rest.jobs()[0]["jid"]
        found: Counter[str] = Counter()

        def complete() -> bool:
            found.clear()
            found.update(self._rest.counters(job_id, GROUP))
            return found[EVENTS] >= events

        if not wait_until(complete, seconds=COUNTERS_S, interval_s=1.0):
            raise RuntimeFailure(f"expected {events:,} events counted by stage, got {found[EVENTS]:,}")
        return found

    def _threads(self) -> dict[str, ThreadTimes]:
        running = RunState.load(self._services.settings.state).running()
        return {process.name: ThreadTimes.now(process.pid) for process in running}

    def _threads_since(self, earlier: Mapping[str, ThreadTimes]) -> dict[str, float]:
        spent: dict[str, float] = defaultdict(float)
        for process, times in self._threads().items():
            for thread, seconds in times.since(earlier[process]).items():
                spent[thread if process.startswith("taskmanager") else f"({process})"] += seconds
        return spent
