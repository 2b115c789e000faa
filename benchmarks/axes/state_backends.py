"""Cost of state in memory and on disk by the number of customers: rate, time to an alert, checkpoints, heap.

In memory a shard's map of histories is one value of its key: the first change after a checkpoint has begun copies the
whole map, in the thread that scores. So the time to an alert shows the difference earlier than the rate.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.axes.axis import Axis, fill, transactions, with_job, with_topics
from benchmarks.axes.customers import LATE, next_checkpoint
from benchmarks.bench import console
from benchmarks.chart import Chart
from benchmarks.drain import scored_rate
from benchmarks.live import live_latency
from benchmarks.report import Section
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import Services, embedded
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings

BACKENDS = ("hashmap", "rocksdb")
SIZES = ((10_000, 3), (50_000, 3), (300_000, 3), (50_000, 60))
"""Customers, and transactions of each in the state when it goes live: many with few, and fewer with full histories."""
BRIEF_SIZES = ((1_000, 3),)
MIN_EVENTS = 100_000
LIVE_RATE, LIVE_S = 5_000, 20.0
HEAP = "Status.JVM.Memory.Heap.Used"


@dataclass(frozen=True, kw_only=True)
class Point:
    """Cost of a number of customers with one backend.

    Attributes
    ----------
    backend : str
    customers, per_customer : int
        Customers, and transactions of each before it went live.
    events_per_s : float
        Drained, when nearly all customers have a history.
    p50_ms, p99_ms, max_ms : float
        From publishing to the alert at LIVE_RATE, checkpoints included.
    checkpoint_ms : float
        Of the last one.
    state_bytes, heap_bytes : int
        Of that checkpoint, and in use in the TaskManager's heap after it.
    """

    backend: str
    customers: int
    per_customer: int
    events_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    checkpoint_ms: float
    state_bytes: int
    heap_bytes: int


def run(settings: Settings, brief: bool) -> Axis:
    """Fill the state, then go live, with one backend after the other on stacks of their own."""
    sizes = BRIEF_SIZES if brief else SIZES
    live = round(LIVE_RATE * (3 if brief else LIVE_S))
    points = []
    for backend in BACKENDS:
        own = with_job(settings, state_backend=backend)
        with embedded(own) as services:
            for customers, per_customer in sizes:
                with console.status(f"{customers:,} customers, {per_customer} transactions of each, {backend}"):
                    name = f"backends-{backend}-{customers}-{per_customer}"
                    points.append(_point(with_topics(services, name, name), customers, per_customer, live))
    return _axis(points)


def _point(services: Services, customers: int, per_customer: int, live: int) -> Point:
    filling = max(per_customer * customers, MIN_EVENTS)
    table = transactions(customers, filling + live)
    fill(services, table.slice(0, filling))
    create_topics(services.broker)
    rest, job = services.rest, submit(services)
    rate = scored_rate(services, filling, between=LATE)
    warm_up_s = live / LIVE_RATE / 4
    latency = live_latency(services, table.slice(filling, live), rate=LIVE_RATE, warm_up_s=warm_up_s)
    whole = next_checkpoint(rest, job.job_id)
    (manager,) = rest.taskmanagers()
    heap = int(rest.metrics(f"/taskmanagers/{manager['id']}/metrics", HEAP)[HEAP])
    stop_job(services, job.job_id, savepoint=False)
    return Point(
        backend=services.settings.job.state_backend,
        customers=customers,
        per_customer=per_customer,
        events_per_s=rate,
        p50_ms=latency.p50_ms,
        p99_ms=latency.p99_ms,
        max_ms=latency.max_ms,
        checkpoint_ms=whole["end_to_end_duration"],
        state_bytes=whole["state_size"],
        heap_bytes=heap,
    )


def _axis(points: Sequence[Point]) -> Axis:
    lines = {
        backend: [(point.state_bytes / 1e6, point.p99_ms) for point in points if point.backend == backend]
        for backend in BACKENDS
    }
    return Axis(
        figures={
            "backends": {
                f"{point.backend} {point.customers} x {point.per_customer}": {
                    "events_per_s": round(point.events_per_s),
                    "p99_ms": round(point.p99_ms),
                    "max_ms": round(point.max_ms),
                }
                for point in points
            }
        },
        raw=[asdict(point) for point in points],
        section=Section(
            title=f"State backends: draining, then {LIVE_RATE:,}/s live",
            columns=(
                "backend", "customers", "of each", "events/s", "p50, ms", "p99, ms", "longest, ms",
                "checkpoint, ms", "state, MB", "heap, MB",
            ),
            rows=[
                (
                    point.backend,
                    f"{point.customers:,}",
                    f"{point.per_customer}",
                    f"{point.events_per_s:,.0f}",
                    f"{point.p50_ms:.0f}",
                    f"{point.p99_ms:.0f}",
                    f"{point.max_ms:.0f}",
                    f"{point.checkpoint_ms:,.0f}",
                    f"{point.state_bytes / 1e6:,.0f}",
                    f"{point.heap_bytes / 1e6:,.0f}",
                )
                for point in points
            ],
        ),
        charts=[
            Chart(
                title=f"Publish to alert at {LIVE_RATE:,}/s, p99 by size of the state",
                x="state, MB",
                y="ms",
                lines=lines,
                x_scale="log",
                y_scale="log",
            )
        ],
    )  # fmt: skip
