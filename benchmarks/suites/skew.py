"""Cost of a hot customer or merchant: one with most of the transactions, compared with as many spread over all.

Microseconds per event of the engine, and the rates of the running job, hot and uniform, with their ratios. Hot is
Zipf's law with exponent 1.5: the first customer has 4 of 10 transactions. The engine is also measured with one customer
alone, which shows the cost of its state and its window walk. A hot merchant has a third of all transactions.
"""

import statistics
import time
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.bench import bench_model, bench_settings, console
from benchmarks.drain import BRIEF_EVENTS, TURNS, drain_seconds, in_turns
from benchmarks.report import Report
from benchmarks.suites.features import CUSTOMERS, GAP_MS, START_MS, transactions, warmed
from fraudstream.devstack.stack import Services, embedded
from fraudstream.kafka.topics import create_topics
from models.features.history import K
from producers.encoding import encode_transactions
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.registry import FileRegistry
from schemas.topics import Topics

ZIPF_EXPONENT = 1.5
BATCH, BATCHES, ROUNDS = 256, 100, 5
WORLD = SimulationConfig(seed=2, customers=10_000, days=30)
EVENTS = 400_000


def run(brief: bool = False, *, events: int = EVENTS) -> Report:
    """Measure the engine, then the job."""
    engine = engine_us(1 if brief else ROUNDS)
    job = job_rates(min(events, BRIEF_EVENTS) if brief else events, 1 if brief else TURNS)
    figures = {
        "engine_us": engine,
        "engine_hot_to_uniform": round(engine["hot"] / engine["uniform"], 2),
        "job_events_per_s": job,
        "job_hot_to_uniform": round(job["hot"] / job["uniform"], 3),
        "job_hot_merchant_to_uniform": round(job["hot merchant"] / job["uniform"], 3),
    }
    return Report.of_figures("skew", __doc__, figures)


def engine_us(rounds: int) -> dict[str, float]:
    """Return the median microseconds an event by the customers' spread; all begin with full histories."""
    rng = np.random.default_rng(7)
    spreads = {
        "uniform": rng.integers(0, CUSTOMERS, BATCH * BATCHES),
        "hot": _zipf(rng, CUSTOMERS, BATCH * BATCHES),
        "one": np.zeros(BATCH * BATCHES, np.int64),
    }
    found: dict[str, list[float]] = {name: [] for name in spreads}
    for _ in range(rounds):
        for name, customers in spreads.items():
            engine = warmed(rng, K + 1)
            records = transactions(rng, customers, START_MS + GAP_MS, GAP_MS)
            begun = time.perf_counter()
            for at in range(0, len(customers), BATCH):
                batch = engine.advance(records.slice(at, BATCH))
                engine.remember(batch, np.zeros(len(batch), np.float32))
                engine.keep()
            found[name].append((time.perf_counter() - begun) / len(customers) * 1e6)
    return {name: round(statistics.median(values), 2) for name, values in found.items()}


def job_rates(events: int, turns: int) -> dict[str, int]:
    """Return the events a second of the running job by the spread of customers, or of merchants."""
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, events)
    tables = {"uniform": table, "hot": _spread(table), "hot merchant": _with_hot_merchant(table)}
    with embedded(settings) as services:
        for name, sent in tables.items():
            with console.status(f"filling the {name} topic with {events:,} transactions"):
                _fill(services, sent, name)

        def seconds_of(name: str, turn: int) -> float:
            own = _with_topics(services, name, turn)
            return drain_seconds(own, {own.settings.topics.scores: events})

        rates = in_turns({name: partial(seconds_of, name) for name in tables}, events, turns)
    return {name: round(rate) for name, rate in rates.items()}


def _zipf(rng: np.random.Generator, customers: int, count: int) -> NDArray[np.int64]:
    weights = np.arange(1, customers + 1) ** -ZIPF_EXPONENT
    return rng.choice(customers, count, p=weights / weights.sum())


def _spread(table: pa.Table) -> pa.Table:
    """Assign the transactions of a table to other customers, most of them to a few."""
    names = np.array(sorted(set(table["customer_id"].to_pylist())))
    chosen = names[_zipf(np.random.default_rng(7), len(names), len(table))]
    index = table.schema.get_field_index("customer_id")
    return table.set_column(index, table.schema.field(index), pa.array(chosen, pa.string()))


def _with_hot_merchant(table: pa.Table) -> pa.Table:
    """Move a third of the transactions, drawn at random, to one merchant."""
    merchants = table["merchant_id"].to_numpy(zero_copy_only=False)
    moved = np.random.default_rng(7).random(len(table)) < 1 / 3
    index = table.schema.get_field_index("merchant_id")
    return table.set_column(index, table.schema.field(index), pa.array(np.where(moved, merchants[0], merchants)))


def _with_topics(services: Services, name: str, turn: int) -> Services:
    topics = Topics(transactions=f"skew.{name.replace(' ', '-')}", scores=f"skew.scores.{turn}")
    return services.with_settings(topics=topics, job=services.settings.job.model_copy(update={"labels": False}))


def _fill(services: Services, table: pa.Table, name: str) -> None:
    own = _with_topics(services, name, 0)
    create_topics(own.broker)
    with services.broker.publisher() as publisher:
        publisher.publish(encode_transactions(table, FileRegistry(), "t-value"), own.settings.topics.transactions)
