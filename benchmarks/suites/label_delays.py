"""Average precision of a model whose genuine labels arrive later than its fraud labels."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.chart import Chart
from benchmarks.report import Report, Section
from models.scoring.artifact import load_artifact
from models.scoring.backfill import backfill
from models.training.metrics import pr_auc
from models.training.protocol import Transactions
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import EVENT_TIME
from schemas.durations import DAY_MS

FRAUD_DAYS, GENUINE_DAYS = 5.0, 30.0
SPREAD = 0.4
PAST_DAYS, LATER_DAYS = 120, 30


def delayed(table: pa.Table, fraud_days: float, genuine_days: float) -> pa.Table:
    """Return the rows with other label delays, each within `SPREAD` of its class's."""
    rows = Transactions.of(table, maturity_days=0)
    factor = np.random.default_rng(1).uniform(1 - SPREAD, 1 + SPREAD, len(table))
    days = np.where(rows.is_fraud, fraud_days, genuine_days) * factor
    label = pa.array(rows.event_time_ms + (days * DAY_MS).astype(np.int64)).cast(EVENT_TIME)
    return table.set_column(table.column_names.index("label_time"), "label_time", label)


def known_by_age(table: pa.Table, end_ms: int) -> dict[str, list[tuple[float, float]]]:
    """Return for ages in days the share of each class, and of frauds among all, that is known at a time."""
    rows = Transactions.of(table, maturity_days=0)
    age = (end_ms - rows.event_time_ms) / DAY_MS
    known = rows.label_time_ms <= end_ms
    curves: dict[str, list[tuple[float, float]]] = {"frauds known": [], "genuine known": [], "frauds among known": []}
    for day in range(int(GENUINE_DAYS * 2)):
        here = (age >= day) & (age < day + 1)
        shares = (known[here & rows.is_fraud], known[here & ~rows.is_fraud], rows.is_fraud[here & known])
        for points, share in zip(curves.values(), shares, strict=True):
            if len(share):
                points.append((day + 0.5, float(share.mean())))
    return curves


def precision_later(past: pa.Table, later: pa.Table, settings: TrainingSettings) -> tuple[float, int, float]:
    """Train on the past; return average precision on the later rows, training rows and maturity in days."""
    with tempfile.TemporaryDirectory() as folder:
        file, model = Path(folder) / "history.parquet", Path(folder) / "model"
        pq.write_table(past, file)
        manifest = train(file, model, settings)
        scored = pa.Table.from_batches(list(backfill(later, load_artifact(model), with_labels=True)))
    begin = later["event_time"].cast(pa.int64()).to_numpy()[0] + PAST_DAYS * DAY_MS
    late = scored["event_time"].cast(pa.int64()).to_numpy() >= begin
    precision = pr_auc(scored["is_fraud"].to_numpy()[late], scored["score"].to_numpy()[late])
    return precision, int(manifest.metrics["train_rows"]), float(manifest.settings["maturity_days"])


def run(brief: bool = False, *, seed: int = 1) -> Report:
    """Simulate a world, apply both kinds of delays, and compare the models trained on each."""
    customers = 200 if brief else 800
    table = simulate(SimulationConfig(seed=seed, customers=customers, merchants=500, days=PAST_DAYS + LATER_DAYS))
    begin = table["event_time"].cast(pa.int64()).to_numpy()[0] + PAST_DAYS * DAY_MS
    count = int(np.searchsorted(table["event_time"].cast(pa.int64()).to_numpy(), begin))
    real = delayed(table, FRAUD_DAYS, GENUINE_DAYS)
    variants = {
        "equal delays, 30 days": (delayed(table, GENUINE_DAYS, GENUINE_DAYS), TrainingSettings()),
        "frauds 5, genuine 30 days": (real, TrainingSettings()),
        "the same, --recent-frauds": (real, TrainingSettings(recent_frauds=True)),
    }
    found = {name: precision_later(rows.slice(0, count), real, settings) for name, (rows, settings) in variants.items()}
    return Report(
        suite="label-delays",
        workload=(
            f"A simulated world of seed {seed}: {PAST_DAYS} days to train on, {LATER_DAYS} later ones to measure on, "
            "scored by the job's code with labels that arrive at their real times."
        ),
        figures={name: round(precision, 4) for name, (precision, _, _) in found.items()},
        raw={name: list(values) for name, values in found.items()},
        sections=[
            Section(
                title="Average precision on the later days",
                columns=("labels of the training", "average precision", "training rows", "maturity in days"),
                rows=[(name, f"{p:.3f}", f"{rows:,}", f"{days:.1f}") for name, (p, rows, days) in found.items()],
            )
        ],
        charts=[
            Chart(
                title="Labels known, by the age of the transaction: below the maturity mostly frauds",
                x="age of the transaction in days",
                y="share",
                lines=known_by_age(real.slice(0, count), int(begin)),
            )
        ],
    )
