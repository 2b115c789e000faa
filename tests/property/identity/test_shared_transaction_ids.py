"""A transaction_id is unique per customer: ids shared by customers change nothing but the ids."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.baselines.naive_replay import naive_scores
from benchmarks.baselines.oracle import KeptTransactions, Oracle
from fraudstream.archive.comparison_rows import compare_on
from fraudstream.demos.lifecycle_demo import pattern_recall
from fraudstream.exploration.store import HERE, Store
from fraudstream.observe.metrics.score_latency import ScoreLatency
from fraudstream.readers.score_comparison import Comparison
from fraudstream.rules.dry_run_result import dry_run_rules
from jobs.operators.inference_log import InferenceLog
from models.monitoring.label_monitor import LabelMonitor
from models.scoring.backfill import backfill
from models.scoring.consistency import compare
from models.scoring.history_scorer import HistoryScorer
from models.scoring.recompute import recompute
from models.training.matured_window import matured_window
from producers.scenarios import NEW_PATTERN
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW, read_history, read_label_file
from schemas.registry import FileRegistry
from tests.records import NOON_MS
from tests.unit.fraudstream.archives import archive_history
from tests.unit.jobs.job_configs import job_config
from tests.unit.rules.books import book, rule
from tests.unit.scoring.simulated_job import SimulatedJob
from tests.unit.training.histories import artifact, customer_artifact, history

ROWS = 8_000
RULES = book(rule("large", "amount > 5 * amount_mean_30d and amount > 50", "REVIEW"))
IDS = ("shared by all", "shared by pairs")

Key = tuple[str, str]


def quiet(_stage: str, _done: int, _total: int) -> None:
    pass


@cache
def world(ids: str) -> pa.Table:
    """Return a history with unique ids, or the same one with ids shared by customers."""
    table = history().slice(0, ROWS)
    if ids == "unique":
        return table
    customers = {name: number for number, name in enumerate(sorted(set(table["customer_id"].to_pylist())))}
    counts: dict[str, int] = {}
    names = []
    for customer in table["customer_id"].to_pylist():
        counts[customer] = counts.get(customer, 0) + 1
        pair = f"{customers[customer] // 2}-" if ids == "shared by pairs" else ""
        names.append(f"{pair}{counts[customer]}")
    shared = table.set_column(table.schema.get_field_index("transaction_id"), "transaction_id", pa.array(names))
    return shared.cast(table.schema)


def keys(table: pa.Table) -> list[Key]:
    return list(zip(table["customer_id"].to_pylist(), table["transaction_id"].to_pylist(), strict=True))


def scored(table: pa.Table) -> dict[Key, dict[str, Any]]:
    """Return the score record of each transaction; the later half is by another model."""
    rows = pa.Table.from_batches(backfill(table, artifact(), with_labels=True))
    half = len(rows) // 2
    values = zip(rows["score"].to_pylist(), rows["decision"].to_pylist(), strict=True)
    return {
        key: {
            "score": score,
            "decision": decision,
            "model_id": "old" if row < half else "new",
            "label_offsets": [],
            "entity_label_offsets": [],
        }
        for row, (key, (score, decision)) in enumerate(zip(keys(table), values, strict=True))
    }


def file_of(table: pa.Table, folder: Path) -> Path:
    pq.write_table(table, folder / "history.parquet")
    return folder / "history.parquet"


def features_and_scores(table: pa.Table, _folder: Path) -> Any:
    rows = pa.Table.from_batches(backfill(table, artifact(), with_labels=True))
    return rows.drop_columns(["transaction_id"])


def reading(table: pa.Table, folder: Path) -> Any:
    read = read_history(file_of(table, folder))
    labels = read_label_file(folder / "history.parquet")
    return read.drop_columns(["transaction_id"]), labels.drop_columns(["transaction_id"])


def retraining(table: pa.Table, _folder: Path) -> Any:
    shuffled = pa.array(np.random.default_rng(1).permutation(len(table)))
    transactions, labels = table.select(TRANSACTION_ARROW.names), table.select(LABEL_ARROW.names).take(shuffled)
    found = matured_window(transactions.cast(TRANSACTION_ARROW), labels.cast(LABEL_ARROW), days=20, horizon_days=5)
    return found.table.drop_columns(["transaction_id"]), found.unlabelled


def models_on_an_archive(table: pa.Table, folder: Path) -> Any:
    archive = archive_history(folder / "archive", table)
    labels = table.select(LABEL_ARROW.names).cast(LABEL_ARROW)
    found = compare_on(archive, artifact(), artifact(), lambda: labels, quiet)
    return found.is_fraud, found.labelled, found.champion.scores, found.left_out


def models_on_a_history(table: pa.Table, folder: Path) -> Any:
    found = compare_on(file_of(table, folder), artifact(), artifact(), lambda: table, quiet)
    return found.is_fraud, found.labelled, found.champion.scores, found.left_out


def rules(table: pa.Table, folder: Path) -> Any:
    archive = archive_history(folder / "archive", table)
    labels = table.select(LABEL_ARROW.names).cast(LABEL_ARROW)
    on = (archive, file_of(table, folder))
    return [dry_run_rules(RULES, past, artifact(), lambda: labels, quiet).figures for past in on]


def exploring(table: pa.Table, folder: Path) -> Any:
    archive = archive_history(folder / "archive", table)
    file = file_of(table, folder)
    store = Store(archive, file)
    return {query.stem: store.answer(query.stem).to_pylist() for query in sorted((HERE / "queries").glob("*.sql"))}


def recall_of_a_pattern(table: pa.Table, _folder: Path) -> Any:
    kinds = [NEW_PATTERN.__name__ if fraud else None for fraud in table["is_fraud"].to_pylist()]
    sent = table.set_column(table.schema.get_field_index("scenario"), "scenario", pa.array(kinds, pa.string()))
    scores = scored(table)
    some = dict(list(scores.items())[::3])
    return pattern_recall(sent, scores, model_id="new", since_ms=0), pattern_recall(
        sent, some, model_id="new", since_ms=0
    )


def live_and_standby(table: pa.Table, _folder: Path) -> Any:
    live = scored(table)
    standby = {
        key: value | {"score": value["score"] / 2} for number, (key, value) in enumerate(live.items()) if number % 3
    }
    return Comparison.of(live, standby)


def monitoring(table: pa.Table, _folder: Path) -> Any:
    monitor = LabelMonitor(horizon_ms=3 * 86_400_000)
    scores = scored(table)
    rows = table.select(LABEL_ARROW.names).to_pylist()
    for key, row in zip(keys(table), rows, strict=True):
        event_ms, label_ms = (round(row[name].timestamp() * 1000) for name in ("event_time", "label_time"))
        score = scores[key]
        monitor.labelled(
            key[1], customer_id=key[0], event_time_ms=event_ms, label_time_ms=label_ms, is_fraud=row["is_fraud"]
        )
        monitor.scored(
            key[1], customer_id=key[0], event_time_ms=event_ms, score=score["score"],
            alerted=score["decision"] != "APPROVE", model_id=score["model_id"],
        )  # fmt: skip
    return monitor.figures()


def consistency(table: pa.Table, _folder: Path) -> Any:
    job = SimulatedJob(table, artifact(), share=1)
    sample = job.run()
    found = compare(sample, recompute(sample, job.transactions, job.labels, artifact(), job.recorded()))
    assert found.consistent
    return found.compared, found.missing, found.mismatching


def baselines(table: pa.Table, _folder: Path) -> Any:
    oracle = Oracle(table, customer_artifact(), customers=20)
    rows = [row for row in table.to_pylist() if row["customer_id"] in oracle.customers]
    found = naive_scores(rows, customer_artifact(), engine=KeptTransactions())
    scores = [(row["customer_id"], row["transaction_id"], float(score)) for row, score in zip(rows, found, strict=True)]
    result = oracle.check(scores, KeptTransactions)
    assert result.fault is None
    return result


def latencies(table: pa.Table, _folder: Path) -> Any:
    watch, names = ScoreLatency(), keys(table)
    for number, name in enumerate(names):
        watch.publish(name, number)
    return [watch.score(name, 2 * number) for number, name in enumerate(names)]


JOINS: Mapping[str, Callable[[pa.Table, Path], Any]] = {
    join.__name__: join
    for join in (
        reading, features_and_scores, retraining, models_on_an_archive, models_on_a_history, rules, exploring,
        recall_of_a_pattern, live_and_standby, monitoring, consistency, baselines, latencies,
    )
}  # fmt: skip


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, pa.Table):
        return one.equals(other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other) or repr(one) == repr(other)


@pytest.mark.parametrize("ids", IDS)
@pytest.mark.parametrize("name", [*JOINS])
def test_shared_ids_change_no_join(name, ids, tmp_path):
    folders = [tmp_path / number for number in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    expected, found = (
        JOINS[name](world(which), folder) for which, folder in zip(("unique", ids), folders, strict=True)
    )
    assert equal(found, expected)


def test_ids_are_shared():
    for ids in IDS:
        names = world(ids)["transaction_id"].to_pylist()
        assert len(set(names)) < len(names) * 0.9
        assert len(set(keys(world(ids)))) == len(names)


def test_inference_sampling_does_not_depend_on_the_id_alone():
    records = pa.RecordBatch.from_pylist(
        [
            {
                "transaction_id": "1", "customer_id": f"c{number}", "merchant_id": "m", "merchant_category": "grocery",
                "transaction_type": "purchase", "amount_minor": 5, "currency": "EUR", "device_id": None,
                "latitude": None, "longitude": None, "event_time": datetime(2026, 1, 5, tzinfo=UTC),
            }
            for number in range(2_000)
        ],
        schema=TRANSACTION_ARROW,
    )  # fmt: skip
    log = InferenceLog(job_config(feature_log_share=0.1), artifact().manifest, FileRegistry())
    found = HistoryScorer(artifact()).score(records)
    chosen = sum(len(batch[2]) for batch in log.sample(records, found, np.zeros(2_000, np.int64), 4, (), NOON_MS))
    assert 150 < chosen < 250
