"""Rate, memory and state by number of customers and merchants, on RocksDB."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import pyarrow as pa

from benchmarks.axes.axis import BRIEF_EVENTS, Axis, points_by_size, transactions
from benchmarks.axes.customers import LATE, PER_CUSTOMER, next_checkpoint
from benchmarks.chart import Chart
from benchmarks.drain import scored_rate
from benchmarks.report import Section
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings
from fraudstream.system.run_state import RunState

SIZES, BRIEF_SIZES = (10_000, 1_000_000), (1_000, 10_000)
MIN_EVENTS = 1_000_000
CUSTOMERS_OPERATOR, ENTITIES_OPERATOR = "Score micro-batch", "Advance entities"


@dataclass(frozen=True, kw_only=True)
class Point:
    """Cost of a number of customers, and as many merchants.

    Attributes
    ----------
    customers, entities, events : int
        Customers with a transaction, merchants and devices with one, and transactions.
    events_per_s : float
    resident_mb : list of float
        Memory of the TaskManager in the course of the drain, every half second, in units of 1,000,000 bytes.
    state_bytes, customer_state_bytes, entity_state_bytes : int
        State in the last checkpoint, that of customers in it, and that of merchants and devices.
    """

    customers: int
    entities: int
    events: int
    events_per_s: float
    resident_mb: list[float]
    state_bytes: int
    customer_state_bytes: int
    entity_state_bytes: int

    @property
    def late_mb(self) -> float:
        """Memory after two thirds of the drain."""
        return self.resident_mb[len(self.resident_mb) * 2 // 3]

    @property
    def growth(self) -> float:
        """Memory at the end, relative to that after two thirds of the drain."""
        return self.resident_mb[-1] / self.late_mb


def run(settings: Settings, brief: bool) -> Axis:
    """Drain with each size, after a drain to warm up."""
    sizes = BRIEF_SIZES if brief else SIZES
    least = BRIEF_EVENTS if brief else MIN_EVENTS
    tables = {size: partial(transactions, size, max(least, PER_CUSTOMER * size), merchants=size) for size in sizes}
    return _axis(points_by_size(settings, "entities", "customers and merchants", tables, _drained))


def _drained(services: Services, table: pa.Table) -> Point:
    create_topics(services.broker)
    rest, job, resident = services.rest, submit(services), list[float]()

    def sample() -> None:
        taskmanagers = RunState.load(services.settings.state).running("taskmanager")
        resident.append(sum(it.resident_bytes() for it in taskmanagers) / 1e6)

    rate = scored_rate(services, len(table), between=LATE, on_poll=sample)
    whole = next_checkpoint(rest, job.job_id)
    sizes = rest.state_sizes(job.job_id, whole["id"])
    stop_job(services, job.job_id, savepoint=False)
    return Point(
        customers=len(table["customer_id"].unique()),
        entities=len(table["merchant_id"].unique()) + len(table["device_id"].drop_null().unique()),
        events=len(table),
        events_per_s=rate,
        resident_mb=resident,
        state_bytes=whole["state_size"],
        customer_state_bytes=sum(size for name, size in sizes.items() if CUSTOMERS_OPERATOR in name),
        entity_state_bytes=sum(size for name, size in sizes.items() if ENTITIES_OPERATOR in name),
    )


def _axis(points: Sequence[Point]) -> Axis:
    small, large = points[0], points[-1]
    return Axis(
        figures={
            "entities_events_per_s": {str(point.entities): round(point.events_per_s) for point in points},
            "entities_share_kept": round(large.events_per_s / small.events_per_s, 2),
            "entities_memory_growth": round(large.growth, 2),
            "state_bytes_per_customer": {
                str(point.customers): round(point.customer_state_bytes / point.customers) for point in points
            },
            "state_bytes_per_entity": {
                str(point.entities): round(point.entity_state_bytes / point.entities) for point in points
            },
        },
        raw=[asdict(point) for point in points],
        section=Section(
            title="Merchants and devices, on RocksDB",
            columns=(
                "customers",
                "merchants and devices",
                "events/s",
                "bytes/customer",
                "bytes/entity",
                "state, MB",
                "memory, MB: 2/3, end",
            ),
            rows=[
                (
                    f"{point.customers:,}",
                    f"{point.entities:,}",
                    f"{point.events_per_s:,.0f}",
                    f"{point.customer_state_bytes / point.customers:,.0f}",
                    f"{point.entity_state_bytes / point.entities:,.0f}",
                    f"{point.state_bytes / 1e6:,.0f}",
                    f"{point.late_mb:,.0f}, {point.resident_mb[-1]:,.0f}",
                )
                for point in points
            ],
        ),
        charts=[
            Chart(
                title="Memory of the TaskManager during a drain",
                x="seconds",
                y="MB",
                lines={
                    f"{point.entities:,} merchants and devices": [
                        (at / 2, megabytes) for at, megabytes in enumerate(point.resident_mb)
                    ]
                    for point in points
                },
            )
        ],
    )
