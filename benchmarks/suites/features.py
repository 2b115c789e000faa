"""Speed of the feature engine.

10,000 customers with 40 kept transactions each, then transactions of random customers in batches of 1, 16, 256 and
4,096; per batch advance, remember and changed. The same with a label for each of the earlier transactions, and with hot
customers, who made three times as many transactions as are kept. Figures are the median of the rounds, with the fastest
and the slowest; state bytes are per customer, or merchant.
"""

import statistics
import time

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.report import Report
from models.features.engine import FeatureEngine
from models.features.history import K
from models.features.label_batch import NO_LABELS, LabelBatch
from models.features.logged_transactions import LoggedTransactions
from models.features.risk import RiskTable
from models.features.warm_up import warm_up
from schemas.columns import LABEL_ARROW

CUSTOMERS, MERCHANTS, HELD, ROUNDS = 10_000, 5_000, 40, 7
START_MS = 1_767_225_600_000
GAP_MS = 3 * 3_600_000  # of one customer's transactions: 40 of them span about five days


def transactions(rng: np.random.Generator, customers: NDArray[np.int64], start_ms: int, span_ms: int) -> pa.RecordBatch:
    n = len(customers)
    categories = np.array([f"category-{i}" for i in range(20)])
    types = np.array(["chip", "contactless", "online", "withdrawal"])
    return pa.RecordBatch.from_pydict(
        {
            "transaction_id": pa.array([f"t{start_ms:x}-{i:016x}" for i in range(n)]),
            "customer_id": pa.array([f"customer-{c:06d}" for c in customers]),
            "merchant_id": pa.array([f"merchant-{m:06d}" for m in rng.integers(0, MERCHANTS, n)]),
            "merchant_category": pa.array(categories[rng.integers(0, 20, n)]),
            "transaction_type": pa.array(types[rng.integers(0, 4, n)]),
            "amount_minor": pa.array(rng.integers(100, 50_000, n)),
            "currency": pa.array(["EUR"] * n),
            "device_id": pa.array([f"device-{d}" for d in rng.integers(0, 20_000, n)], mask=rng.random(n) < 0.3),
            "latitude": pa.array(rng.uniform(40, 55, n), mask=rng.random(n) < 0.1),
            "longitude": pa.array(rng.uniform(-5, 20, n)),
            "event_time": pa.array(np.sort(rng.integers(start_ms, start_ms + span_ms, n))).cast(
                pa.timestamp("ms", tz="UTC")
            ),
        }
    )


def labels_of(records: pa.RecordBatch, rng: np.random.Generator) -> LabelBatch:
    """Return a label for each transaction, known as soon as it was made."""
    columns = {name: records.column(name) for name in LABEL_ARROW.names if name in records.schema.names}
    columns["is_fraud"] = pa.array(rng.random(len(records)) < 0.01)
    columns["label_time"] = records.column("event_time")
    return LabelBatch.of(pa.RecordBatch.from_pydict({name: columns[name] for name in LABEL_ARROW.names}))


def warmed(rng: np.random.Generator, held: int = HELD, *, with_labels: bool = False) -> FeatureEngine:
    """Return an engine whose customers have made `held` transactions each."""
    risks = RiskTable(rates={f"category-{i}": i / 100 for i in range(20)}, prior=0.01)
    risk = RiskTable(prior=0.01)
    engine = FeatureEngine(load=lambda _: None, capacity=CUSTOMERS, category_risk=risks, type_risk=risk)
    for i in range(held):
        records = transactions(rng, rng.permutation(CUSTOMERS), START_MS + (i - held) * GAP_MS, GAP_MS)
        batch = engine.advance(records, labels_of(records, rng) if with_labels else NO_LABELS)
        engine.remember(batch, np.zeros(CUSTOMERS, np.float32))
        engine.keep()
    return engine


def measure(
    size: int,
    events: int,
    rng: np.random.Generator,
    *,
    rounds: int = ROUNDS,
    held: int = HELD,
    with_labels: bool = False,
) -> dict[str, float]:
    """Return the median cost of a batch, step by step; each round begins with the same histories."""
    engine = warmed(rng, held, with_labels=with_labels)
    arrays = engine._pool._arrays()
    before = [array.copy() for array in arrays]
    spent: dict[str, list[float]] = {"advance": [], "remember": [], "log": []}
    for _ in range(rounds):
        for array, saved in zip(arrays, before, strict=True):
            array[:] = saved
        records = transactions(rng, rng.integers(0, CUSTOMERS, events), START_MS, 3_600_000)
        labels = labels_of(records, rng) if with_labels else NO_LABELS
        batches = [(records.slice(at, size), labels[at : at + size]) for at in range(0, events, size)]
        total_ns = dict.fromkeys(spent, 0)
        for part, known in batches:
            t0 = time.perf_counter_ns()
            batch = engine.advance(part, known)
            t1 = time.perf_counter_ns()
            engine.remember(batch, np.zeros(len(batch), np.float32))
            t2 = time.perf_counter_ns()
            engine.keep()
            LoggedTransactions(batch.customers, batch.added).encode()
            t3 = time.perf_counter_ns()
            total_ns["advance"] += t1 - t0
            total_ns["remember"] += t2 - t1
            total_ns["log"] += t3 - t2
        for step, ns in total_ns.items():
            spent[step].append(ns / 1000 / len(batches))
    whole = [sum(steps) for steps in zip(*spent.values(), strict=True)]
    us = {f"{step}_us": round(statistics.median(values), 1) for step, values in spent.items()}
    return {
        **us,
        "batch_us": round(statistics.median(whole), 1),
        "batch_us_fastest": round(min(whole), 1),
        "batch_us_slowest": round(max(whole), 1),
        "advance_rows_per_s": round(size / statistics.median(spent["advance"]) * 1e6),
        "rows_per_s": round(size / statistics.median(whole) * 1e6),
    }


def state_bytes(rng: np.random.Generator) -> dict[str, int]:
    """Return the largest encoded history and labels of a customer by number of transactions."""
    sizes = {}
    for held in (1, HELD, K, 3 * K):
        engine = warmed(rng, held, with_labels=True)
        sizes[f"customer_{held}"] = max(len(engine._pool.encode(slot)) for slot in range(CUSTOMERS))
        sizes[f"customer_labels_{held}"] = max(map(len, engine.pop_changed_labels().values()))
    return sizes


def run(brief: bool = False) -> Report:
    """Measure batches of several sizes, with labels, and with hot customers."""
    rounds = 1 if brief else ROUNDS
    begun = time.perf_counter()
    warm_up()
    result: dict[str, object] = {"warm_up_s": round(time.perf_counter() - begun, 3)}
    rng = np.random.default_rng(7)
    for size, events in ((1, 2_000), (16, 8_000), (256, 25_600), (4096, 40_960)):
        result[f"batch_{size}"] = measure(size, events, rng, rounds=rounds)
    result["batch_256_with_labels"] = measure(256, 25_600, rng, rounds=rounds, with_labels=True)
    result["batch_256_hot_customers"] = measure(256, 25_600, rng, rounds=rounds, held=3 * K)
    result["state_bytes"] = state_bytes(rng)
    return Report.of_figures("features", __doc__, result)
