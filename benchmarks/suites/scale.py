"""What grows with the customers, with the batch time and with the TaskManagers."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from benchmarks.bench import bench_model, bench_settings, console, publish
from benchmarks.chart import Chart
from benchmarks.drain import MIDDLE, job_rate, scored_rate
from benchmarks.live import live_latency
from benchmarks.report import Report, Section
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.deadline import wait_until
from runtime.embedded import Services, embedded
from runtime.failures import RuntimeFailure
from runtime.flink_rest import FlinkRest
from runtime.settings import Settings
from runtime.submit import stop_job, submit
from runtime.topics import create_topics
from schemas.topics import Topics
from schemas.wall_clock import now_ms

PER_DAY = 3.0
"""Transactions of a customer, about."""
LIVE_RATE = 5_000
CHECKPOINT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What is tried.

    Attributes
    ----------
    customers : sequence of int
    least_events : int
        Drained at each number of customers, or three for each customer where that is more.
    batch_ms : sequence of int
    taskmanagers : sequence of int
    events : int
        Drained at each batch time and number of TaskManagers.
    live_s : int
        Seconds at LIVE_RATE at each batch time, of which the first third warms up.
    """

    customers: Sequence[int] = (10_000, 100_000, 1_000_000)
    least_events: int = 500_000
    batch_ms: Sequence[int] = (1, 3, 10, 30, 100)
    taskmanagers: Sequence[int] = (1, 2)
    events: int = 300_000
    live_s: int = 15


BRIEF = Sizes(
    customers=(1_000, 10_000), least_events=60_000, batch_ms=(10, 30), taskmanagers=(1,), events=60_000, live_s=3
)


@dataclass(frozen=True, kw_only=True)
class ByCustomers:
    """What so many customers cost, on RocksDB.

    Attributes
    ----------
    customers, events : int
        Customers that made a transaction, and the transactions.
    events_per_s : float
        Over the last third, when most have a history.
    state_bytes : int
        Of the whole state, as the last checkpoint has it.
    checkpoint_ms, longest_checkpoint_ms : float
        Median and longest while it drained.
    """

    customers: int
    events: int
    events_per_s: float
    state_bytes: int
    checkpoint_ms: float
    longest_checkpoint_ms: float

    @property
    def bytes_per_customer(self) -> float:
        """State bytes of a customer, whatever else the state has included."""
        return self.state_bytes / self.customers


@dataclass(frozen=True, kw_only=True)
class ByBatchTime:
    """What a batch time costs: the drained rate, and the time to an alert at LIVE_RATE."""

    batch_ms: int
    events_per_s: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class ByTaskManagers:
    """What so many TaskManagers of one slot drain together."""

    taskmanagers: int
    events_per_s: float


def run(brief: bool) -> Report:
    """Measure along one axis after the other."""
    sizes = BRIEF if brief else Sizes()
    settings = bench_settings(bench_model())
    return _report(
        by_customers(_with_job(settings, state_backend="rocksdb"), sizes),
        by_batch_time(settings, sizes),
        by_taskmanagers(settings, sizes),
    )


def by_customers(settings: Settings, sizes: Sizes) -> list[ByCustomers]:
    """Drain, on RocksDB, what more and more customers made."""
    found = []
    with embedded(settings) as services:
        for customers in sizes.customers:
            table = _transactions(customers, max(sizes.least_events, 3 * customers))
            own = _with_topics(settings, f"customers-{customers}", f"customers-{customers}")
            create_topics(own, services.bootstrap_servers)
            with console.status(f"{customers:,} customers, {len(table):,} transactions"):
                publish(own, services, table)
                found.append(_drained(own, services, table))
    return found


def by_batch_time(settings: Settings, sizes: Sizes) -> list[ByBatchTime]:
    """Drain, and go live, with longer and longer batches."""
    found = []
    table = _transactions(10_000, sizes.events + LIVE_RATE * sizes.live_s * len(sizes.batch_ms))
    with embedded(settings) as services:
        publish(_with_topics(settings, "batch-ms", "batch-ms"), services, table.slice(0, sizes.events))
        for turn, batch_ms in enumerate(sizes.batch_ms):
            own = _with_job(_with_topics(settings, "batch-ms", f"batch-ms-{turn}"), batch_ms=batch_ms)
            live = LIVE_RATE * sizes.live_s
            already = sizes.events + turn * live
            with console.status(f"batches of {batch_ms} ms"):
                create_topics(own, services.bootstrap_servers)
                job = submit(own, services)
                rate = scored_rate(own, services, already)
                latency = live_latency(
                    own,
                    services,
                    table.slice(already, live),
                    rate=LIVE_RATE,
                    warm_up_s=sizes.live_s / 3,
                )
                stop_job(own, services, job.job_id, savepoint=False)
            found.append(
                ByBatchTime(batch_ms=batch_ms, events_per_s=rate, p50_ms=latency.p50_ms, p99_ms=latency.p99_ms)
            )
    return found


def by_taskmanagers(settings: Settings, sizes: Sizes) -> list[ByTaskManagers]:
    """Drain with more and more TaskManagers, after a drain to warm them up."""
    found = []
    table = _transactions(10_000, sizes.events)
    for count in sizes.taskmanagers:
        own = _with_job(settings, parallelism=count, shards=max(count, settings.job.shards))
        with embedded(own, taskmanagers=count) as services, console.status(f"{count} TaskManagers"):
            topic = f"taskmanagers-{count}"
            publish(_with_topics(own, topic, topic), services, table)
            rates = [job_rate(_with_topics(own, topic, f"{topic}-{turn}"), services, len(table)) for turn in range(2)]
            found.append(ByTaskManagers(taskmanagers=count, events_per_s=rates[-1]))
    return found


def _drained(settings: Settings, services: Services, table: pa.Table) -> ByCustomers:
    rest, job = FlinkRest(url=services.rest_url), submit(settings, services)
    rate = scored_rate(settings, services, len(table), between=(2 / 3, 0.95))
    durations = [
        row["end_to_end_duration"] for row in rest.checkpoints(job.job_id)["history"] if row["status"] == "COMPLETED"
    ]
    scored_at_ms, newest = now_ms(), {}

    def whole() -> bool:
        newest.update(rest.checkpoints(job.job_id)["latest"]["completed"] or {"trigger_timestamp": 0})
        return newest["trigger_timestamp"] > scored_at_ms

    if not wait_until(whole, seconds=CHECKPOINT_S):
        raise RuntimeFailure(
            f"expected a checkpoint within {CHECKPOINT_S:.0f} s: see the logs in {settings.state.logs}"
        )
    stop_job(settings, services, job.job_id, savepoint=False)
    durations.append(newest["end_to_end_duration"])
    return ByCustomers(
        customers=len(table["customer_id"].unique()),
        events=len(table),
        events_per_s=rate,
        state_bytes=newest["state_size"],
        checkpoint_ms=statistics.median(durations),
        longest_checkpoint_ms=max(durations),
    )


def _transactions(customers: int, events: int) -> pa.Table:
    days = max(round(1.1 * events / (PER_DAY * customers) + 0.5), 1)
    return simulate(SimulationConfig(seed=2, customers=customers, days=days)).slice(0, events)


def _with_topics(settings: Settings, transactions: str, outputs: str) -> Settings:
    topics = Topics(transactions=f"scale.{transactions}", scores=f"{outputs}.scores", alerts=f"{outputs}.alerts")
    return settings.model_copy(update={"topics": topics})


def _with_job(settings: Settings, **job: Any) -> Settings:
    return settings.model_copy(update={"job": settings.job.model_copy(update=job)})


def _report(
    customers: Sequence[ByCustomers], batches: Sequence[ByBatchTime], taskmanagers: Sequence[ByTaskManagers]
) -> Report:
    few, many = customers[0], customers[-1]
    return Report(
        suite="scale",
        workload=(
            "By customers: on RocksDB with incremental checkpoints, the rate over the last third of the drain, when "
            "most customers have a history. By batch time and TaskManagers: as shipped, 10,000 customers, the rate "
            f"between {MIDDLE[0]:.0%} and {MIDDLE[1]:.0%} of the drain; then publish to alert at {LIVE_RATE:,} a "
            "second. Broker, load and reader share the machine."
        ),
        figures={
            "rocksdb_events_per_s": {str(one.customers): round(one.events_per_s) for one in customers},
            "rocksdb_share_kept": round(many.events_per_s / few.events_per_s, 2),
            "state_bytes_per_customer": {str(one.customers): round(one.bytes_per_customer) for one in customers},
            "events_per_s_by_batch_ms": {str(one.batch_ms): round(one.events_per_s) for one in batches},
            "events_per_s_by_taskmanagers": {str(one.taskmanagers): round(one.events_per_s) for one in taskmanagers},
        },
        raw={
            "customers": [asdict(one) for one in customers],
            "batch_ms": [asdict(one) for one in batches],
            "taskmanagers": [asdict(one) for one in taskmanagers],
        },
        sections=_sections(customers, batches, taskmanagers),
        charts=_charts(customers, batches),
    )


def _sections(
    customers: Sequence[ByCustomers], batches: Sequence[ByBatchTime], taskmanagers: Sequence[ByTaskManagers]
) -> list[Section]:
    return [
        Section(
            title="Customers, on RocksDB",
            columns=(
                "customers", "events", "events/s", "state, MB", "bytes/customer", "checkpoint, ms", "longest, ms",
            ),
            rows=[
                (
                    f"{one.customers:,}",
                    f"{one.events:,}",
                    f"{one.events_per_s:,.0f}",
                    f"{one.state_bytes / 1e6:,.0f}",
                    f"{one.bytes_per_customer:,.0f}",
                    f"{one.checkpoint_ms:,.0f}",
                    f"{one.longest_checkpoint_ms:,.0f}",
                )
                for one in customers
            ],
        ),
        Section(
            title="Batch time",
            columns=("batch, ms", "events/s, draining", "p50, ms", "p99, ms"),
            rows=[
                (str(one.batch_ms), f"{one.events_per_s:,.0f}", f"{one.p50_ms:.0f}", f"{one.p99_ms:.0f}")
                for one in batches
            ],
        ),
        Section(
            title="TaskManagers of one slot",
            columns=("TaskManagers", "events/s"),
            rows=[(str(one.taskmanagers), f"{one.events_per_s:,.0f}") for one in taskmanagers],
        ),
    ]  # fmt: skip


def _charts(customers: Sequence[ByCustomers], batches: Sequence[ByBatchTime]) -> list[Chart]:
    return [
        Chart(
            title="Customers, on RocksDB",
            x="customers",
            y="events/s",
            lines={"rate": [(one.customers, one.events_per_s) for one in customers]},
            x_scale="log",
        ),
        Chart(
            title="State in a checkpoint",
            x="customers",
            y="MB",
            lines={"state": [(one.customers, one.state_bytes / 1e6) for one in customers]},
            x_scale="log",
            y_scale="log",
        ),
        Chart(
            title="Batch time, draining",
            x="milliseconds a batch collects",
            y="events/s",
            lines={"rate": [(one.batch_ms, one.events_per_s) for one in batches]},
            x_scale="log",
        ),
        Chart(
            title=f"Batch time, publish to alert at {LIVE_RATE:,}/s",
            x="milliseconds a batch collects",
            y="milliseconds",
            lines={
                "p50": [(one.batch_ms, one.p50_ms) for one in batches],
                "p99": [(one.batch_ms, one.p99_ms) for one in batches],
            },
            x_scale="log",
        ),
    ]
