"""Result of one axis, and the transactions that it is measured on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa

from benchmarks.bench import console, publish
from benchmarks.chart import Chart
from benchmarks.report import Report, Section
from fraudstream.devstack.stack import Services, embedded
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.topics import Topics

PER_DAY = 3.0
"""Approximate transactions per customer."""
CUSTOMERS = 10_000
"""Customers of the other axes."""
BRIEF_EVENTS = 150_000
"""Few, but enough to observe a drain."""


Point = TypeVar("Point")
"""Cost of one size."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Measurements along one axis.

    Attributes
    ----------
    figures : dict
        Main figures.
    raw : list
        All values of each point.
    section : Section
    charts : sequence of Chart
    """

    figures: dict[str, Any]
    raw: list[dict[str, Any]]
    section: Section
    charts: Sequence[Chart]


def transactions(customers: int, events: int, merchants: int = SimulationConfig.merchants) -> pa.Table:
    """Return `events` transactions of `customers` customers."""
    days = max(round(1.1 * events / (PER_DAY * customers) + 0.5), 1)
    return simulate(SimulationConfig(seed=2, customers=customers, merchants=merchants, days=days)).slice(0, events)


def points_by_size(
    settings: Settings,
    name: str,
    things: str,
    table_of: Mapping[int, Callable[[], pa.Table]],
    drained: Callable[[Services, pa.Table], Point],
) -> list[Point]:
    """Drain with each size on RocksDB, after a drain of the first to warm up.

    Parameters
    ----------
    settings : Settings
    name : str
        Of the topics.
    things : str
        Of which there are as many as the size.
    table_of : mapping of int to callable
        Makes each size's transactions.
    drained : callable
        Drains the transactions that were published.
    """
    settings, points = with_job(settings, state_backend="rocksdb"), dict[int, Point]()
    with embedded(settings) as services:
        for turn, size in enumerate((next(iter(table_of)), *table_of)):
            table = table_of[size]()
            own = with_topics(services, f"{name}-{size}", f"{name}-{turn}")
            with console.status(f"{size:,} {things}, {len(table):,} transactions"):
                if size not in points:
                    fill(own, table)
                points[size] = drained(own, table)
    return list(points.values())


def fill(services: Services, table: pa.Table) -> None:
    """Publish a table to the settings' transactions topic, created if missing."""
    create_topics(services.broker)
    publish(services, table)


def with_topics(services: Services, transactions: str, outputs: str) -> Services:
    """Return the services with topics of their own."""
    topics = Topics(transactions=f"scale.{transactions}", scores=f"{outputs}.scores", alerts=f"{outputs}.alerts")
    return services.with_settings(topics=topics)


def with_job(settings: Settings, **job: Any) -> Settings:
    """Return the settings with changes for the job."""
    return settings.model_copy(update={"job": settings.job.model_copy(update=job)})


def report_of_axes(
    suite: str, workload: str, axes: Mapping[str, Callable[[Settings, bool], Axis]], settings: Settings, *, brief: bool
) -> Report:
    """Measure along each axis, on stacks of its own, and report on all."""
    found = {name: measure(settings, brief) for name, measure in axes.items()}
    return Report(
        suite=suite,
        workload=workload,
        figures={name: figure for axis in found.values() for name, figure in axis.figures.items()},
        raw={name: axis.raw for name, axis in found.items()},
        sections=[axis.section for axis in found.values()],
        charts=[chart for axis in found.values() for chart in axis.charts],
    )
