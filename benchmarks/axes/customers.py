"""Rate, state and checkpoints by number of customers, on RocksDB."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from benchmarks.axes.axis import BRIEF_EVENTS, Axis, points_by_size, transactions
from benchmarks.chart import Chart
from benchmarks.drain import scored_rate
from benchmarks.report import Section
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from schemas.wall_clock import now_ms

MIN_EVENTS, PER_CUSTOMER = 500_000, 3
"""Transactions at each number of customers: the minimum, and the minimum per customer."""
LATE = (2 / 3, 0.95)
"""Shares of the drain between which the rate is measured: nearly all customers then have a history."""
CHECKPOINT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Point:
    """Cost of a number of customers.

    Attributes
    ----------
    customers, events : int
        Customers with a transaction, and transactions.
    events_per_s : float
    state_bytes : int
        Size of the state in the last checkpoint.
    checkpoint_ms, longest_checkpoint_ms : float
        Median and longest checkpoint during the drain.
    """

    customers: int
    events: int
    events_per_s: float
    state_bytes: int
    checkpoint_ms: float
    longest_checkpoint_ms: float

    @property
    def bytes_per_customer(self) -> float:
        """State bytes per customer, including all other state."""
        return self.state_bytes / self.customers


def run(settings: Settings, brief: bool) -> Axis:
    """Drain with each number of customers, after a drain to warm up."""
    tried = (1_000, 10_000) if brief else (10_000, 100_000, 1_000_000)
    least = BRIEF_EVENTS if brief else MIN_EVENTS
    tables = {size: partial(transactions, size, max(least, PER_CUSTOMER * size)) for size in tried}
    return _axis(points_by_size(settings, "customers", "customers", tables, _drained))


def _drained(services: Services, table: pa.Table) -> Point:
    create_topics(services.broker)
    rest, job = services.rest, submit(services)
    rate = scored_rate(services, len(table), between=LATE)
    history = rest.checkpoints(job.job_id)["history"]
    whole = next_checkpoint(rest, job.job_id)
    stop_job(services, job.job_id, savepoint=False)
    durations = [row["end_to_end_duration"] for row in (*history, whole) if row["status"] == "COMPLETED"]
    return Point(
        customers=len(table["customer_id"].unique()),
        events=len(table),
        events_per_s=rate,
        state_bytes=whole["state_size"],
        checkpoint_ms=statistics.median(durations),
        longest_checkpoint_ms=max(durations),
    )


def next_checkpoint(rest: FlinkRest, job_id: str) -> dict[str, Any]:
    """Wait for a checkpoint that begins from now on."""
    begun_ms, newest = now_ms(), dict[str, Any]()

    def complete() -> bool:
        newest.update(rest.checkpoints(job_id)["latest"]["completed"] or {"trigger_timestamp": 0})
        return bool(newest["trigger_timestamp"] >= begun_ms)

    if not wait_until(complete, seconds=CHECKPOINT_S):
        raise RuntimeFailure(f"expected a checkpoint within {CHECKPOINT_S:.0f} s, got none: see the job's logs")
    return newest


def _axis(points: Sequence[Point]) -> Axis:
    def line(of: Any) -> dict[str, list[tuple[float, float]]]:
        return {"job": [(point.customers, of(point)) for point in points]}

    return Axis(
        figures={
            "rocksdb_events_per_s": {str(point.customers): round(point.events_per_s) for point in points},
            "rocksdb_share_kept": round(points[-1].events_per_s / points[0].events_per_s, 2),
            "state_bytes_per_customer": {str(point.customers): round(point.bytes_per_customer) for point in points},
        },
        raw=[asdict(point) for point in points],
        section=Section(
            title="Customers, on RocksDB",
            columns=("customers", "events", "events/s", "state, MB", "bytes/customer", "checkpoint, ms", "longest, ms"),
            rows=[
                (
                    f"{point.customers:,}",
                    f"{point.events:,}",
                    f"{point.events_per_s:,.0f}",
                    f"{point.state_bytes / 1e6:,.0f}",
                    f"{point.bytes_per_customer:,.0f}",
                    f"{point.checkpoint_ms:,.0f}",
                    f"{point.longest_checkpoint_ms:,.0f}",
                )
                for point in points
            ],
        ),
        charts=[
            Chart(
                title="Rate by customers, on RocksDB",
                x="customers",
                y="events/s",
                lines=line(lambda point: point.events_per_s),
                x_scale="log",
            ),
            Chart(
                title="State in a checkpoint, by customers",
                x="customers",
                y="MB",
                lines=line(lambda point: point.state_bytes / 1e6),
                x_scale="log",
                y_scale="log",
            ),
        ],
    )
