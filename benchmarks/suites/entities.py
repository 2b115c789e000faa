"""Speed of the live features of merchants and devices.

10,000 merchants, whose shares follow Zipf's law, and two devices for each of 10,000 customers make 30,000 transactions
a day for eight days; then come batches of 2, 75 and 1,000 transactions, two events each, in order, and up to 5 s late.
Figures are microseconds of processor time, the median of the rounds: for an event, with all Python around the kernel,
and for making a transaction's events. To bring an entity into memory is measured on entities with three events each, a
tenth of which fit: what their events cost more than those of entities that are held. The store is a dictionary.
"""

import statistics
import time

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.report import Report
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_events import entity_events
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entities.entity_record import EVENT
from models.features.warm_up import warm_up
from schemas.durations import DAY_MS

MERCHANTS, CUSTOMERS, A_DAY, DAYS = 10_000, 10_000, 30_000, 8
MEASURED, ROUNDS = 30_000, 7
LATE_MS = 5_000
START_MS = 1_767_225_600_000
SIZES = (2, 75, 1_000)
SPARSE, SPARSE_EVENTS = 50_000, 3
"""Entities with few events, and the events of each."""


def transactions(rng: np.random.Generator, count: int, start_ms: int) -> pa.RecordBatch:
    """Return transactions by event time, in the columns that entities see."""
    shares = 1 / np.arange(1, MERCHANTS + 1)
    merchants = rng.choice(MERCHANTS, count, p=shares / shares.sum())
    customers, second = rng.integers(0, CUSTOMERS, count), rng.integers(0, 2, count)
    times_ms = start_ms + np.arange(count) * (DAY_MS // A_DAY) + rng.integers(0, DAY_MS // A_DAY, count)
    return pa.RecordBatch.from_pydict(
        {
            "transaction_id": pa.array([f"t{start_ms:x}-{number:08x}" for number in range(count)]),
            "customer_id": pa.array([f"customer-{customer:06d}" for customer in customers]),
            "merchant_id": pa.array([f"merchant-{merchant:06d}" for merchant in merchants]),
            "device_id": pa.array([f"device-{2 * c + s:06d}" for c, s in zip(customers, second, strict=True)]),
            "amount_minor": pa.array(rng.lognormal(8, 1, count).astype(np.int64)),
            "currency": pa.array(["EUR"] * count),
            "event_time": pa.array(times_ms).cast(pa.timestamp("ms", tz="UTC")),
        }
    )


def some_late(rng: np.random.Generator, records: pa.RecordBatch) -> pa.RecordBatch:
    """Return transactions as they arrive when each is up to LATE_MS late."""
    times_ms = records.column("event_time").cast(pa.int64()).to_numpy()
    return records.take(pa.array(np.argsort(times_ms + rng.integers(0, LATE_MS, len(records)), kind="stable")))


def event_us(engine: EntityEngine, events: NDArray[np.void], size: int) -> float:
    """Return the microseconds that an event costs in batches of so many transactions."""
    batches = [events[at : at + 2 * size] for at in range(0, len(events), 2 * size)]
    begun = time.thread_time_ns()
    for batch in batches:
        engine.advance(batch)
    return (time.thread_time_ns() - begun) / 1_000 / len(events)


def _making_us(records: pa.RecordBatch, size: int) -> float:
    batches = [records.slice(at, size) for at in range(0, len(records), size)]
    begun = time.thread_time_ns()
    for batch in batches:
        entity_events(batch)
    return (time.thread_time_ns() - begun) / 1_000 / len(records)


def bringing_in_us(rng: np.random.Generator, entities: int, size: int) -> float:
    """Return the microseconds of bringing an entity into memory, and of writing the record of one that leaves."""
    events = np.zeros(SPARSE_EVENTS * entities, EVENT)
    events["key"] = np.tile(rng.permutation(entities).astype(np.uint64) + 1, SPARSE_EVENTS)
    events["transaction"] = events["customer"] = np.arange(1, len(events) + 1)
    events["event_time_ms"] = START_MS + np.arange(len(events)) * 1_000
    held = EntityEngine(ENTITY_LAYOUT, load=None, capacity=entities)
    held.advance(events[:-entities])
    records = held.records(held.changed())
    few = EntityEngine(ENTITY_LAYOUT, load=records.get, capacity=entities // 10)
    return event_us(few, events[-entities:], size) - event_us(held, events[-entities:], size)


def run(brief: bool = False) -> Report:
    """Measure batches of several sizes."""
    warm_up()
    rng, measured = np.random.default_rng(7), MEASURED // (10 if brief else 1)
    engine = EntityEngine(ENTITY_LAYOUT, load=None, capacity=MERCHANTS + 2 * CUSTOMERS)
    engine.advance(entity_events(transactions(rng, A_DAY * DAYS // (10 if brief else 1), START_MS)))
    spent: dict[str, list[float]] = {}
    for number in range(1 if brief else ROUNDS):
        for index, size in enumerate(SIZES):
            start_ms = START_MS + (DAYS + len(SIZES) * number + index) * DAY_MS
            records = transactions(rng, measured, start_ms)
            half = measured // 2
            ordered, late = records.slice(0, half), some_late(rng, records.slice(half))
            for name, us in (
                (f"event_in_batches_of_{size}", event_us(engine, entity_events(ordered), size)),
                (f"late_event_in_batches_of_{size}", event_us(engine, entity_events(late), size)),
                (f"making_events_in_batches_of_{size}", _making_us(ordered, size)),
            ):
                spent.setdefault(f"{name}_us", []).append(us)
        entities = SPARSE // (10 if brief else 1)
        for size in SIZES:
            us = bringing_in_us(rng, entities, size)
            spent.setdefault(f"bringing_an_entity_in_by_batches_of_{size}_us", []).append(us)
    return Report.of_figures("entities", __doc__, {name: round(statistics.median(us), 3) for name, us in spent.items()})
