"""The SQL of fraudstream/exploration/ agrees with figures computed in another way."""

import shutil
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from fraudstream.archive.archived_rows import read_archived_rows
from fraudstream.exploration.store import HERE, Store, query
from fraudstream.system.folders import PROJECT_ROOT
from models.features.table import FEATURE_NAMES
from models.training.metrics import precision_recall
from tests.integration.expected import card_world
from tests.markdown import blocks
from tests.unit.exploration.conftest import ROWS
from tests.unit.training.histories import artifact

QUERIES = sorted(file.stem for file in (HERE / "queries").glob("*.sql"))


@pytest.fixture(scope="session")
def scored(store: Store) -> pa.Table:
    return store.run("FROM scored ORDER BY log_offset")


@pytest.fixture(scope="session")
def labelled(scored: pa.Table, truth: pa.Table) -> pa.Table:
    """Return score, location and label of the labelled transactions."""
    return scored.drop_columns(["event_time"]).join(truth, "transaction_id", join_type="inner").combine_chunks()


def test_script_shows_exactly_the_queries_of_the_folder():
    script = (HERE / "explore.py").read_text()
    assert [name for name in QUERIES if f'"{name}"' not in script] == []
    assert [text for text in QUERIES if not query(text).startswith("-- ")] == []


@pytest.mark.parametrize("name", QUERIES)
def test_query_has_rows_with_labels_and_no_error_without(archive, store, name):
    assert len(store.answer(name)) > 0
    needs_labels = {"thresholds", "features", "labels_over_time"}
    assert (len(Store(archive).answer(name)) == 0) == (name in needs_labels)


def test_transactions_are_deduplicated(archive, scored):
    expected, repeated = read_archived_rows(archive, artifact().manifest)
    assert repeated > 0
    for name in ("log_partition", "log_offset", "transaction_id"):
        assert sorted(scored[name].to_pylist()) == sorted(expected[name].to_pylist())


def test_later_label_counts(store, truth):
    found = store.run("FROM labels ORDER BY transaction_id")
    expected = truth.sort_by("transaction_id")
    assert found["transaction_id"].to_pylist() == expected["transaction_id"].to_pylist()
    assert found["is_fraud"].to_pylist() == expected["is_fraud"].to_pylist()


def test_thresholds_are_those_of_the_training(store, labelled):
    is_fraud, scores = labelled["is_fraud"].to_numpy(), labelled["score"].to_numpy().astype(np.float32)
    found = store.answer("thresholds").to_pylist()
    assert len(found) > 30
    for row in found:
        precision, recall = precision_recall(is_fraud, scores, row["threshold"])
        assert (row["precision"], row["recall"]) == (pytest.approx(precision), pytest.approx(recall))


def test_features_have_the_auc_of_scikit_learn(archive, store, labelled):
    features, _ = read_archived_rows(archive, artifact().manifest)
    together = features.join(labelled.select(["transaction_id", "is_fraud"]), "transaction_id", join_type="inner")
    is_fraud = together["is_fraud"].to_numpy()
    found = {row["feature"]: row for row in store.answer("features").to_pylist()}
    assert set(found) == set(FEATURE_NAMES)
    for name, row in found.items():
        values = together[name].to_numpy()
        assert row["auc"] == pytest.approx(roc_auc_score(is_fraud, values)), name
        assert row["mean_of_frauds"] == pytest.approx(values[is_fraud].mean(dtype=np.float64), rel=1e-5), name


def test_archive_of_two_versions_has_the_features_of_both(archive, labels, tmp_path):
    both = shutil.copytree(archive, tmp_path / "both")
    file = max(both.glob("date=*/[0-9]*.parquet"), key=lambda path: path.stat().st_size)  # has frauds
    table = pq.read_table(file, partitioning=None)
    column = table.schema.get_field_index("amount")
    pq.write_table(
        table.rename_columns([*table.column_names[:column], "older", *table.column_names[column + 1 :]]), file
    )
    found = {row["feature"] for row in Store(both, labels).answer("features").to_pylist()}
    assert found == {*FEATURE_NAMES, "older"}


def test_alerts_over_time_are_all_transactions_by_their_day(store, scored):
    found = store.answer("alerts_over_time").to_pylist()
    counted = Counter(
        (time.date(), decision)
        for time, decision in zip(scored["event_time"].to_pylist(), scored["decision"].to_pylist(), strict=True)
    )
    assert {(row["time"].date(), row["decision"]): row["transactions"] for row in found} == counted
    days = {row["time"] for row in found}
    assert sum(row["share"] for row in found) == pytest.approx(len(days))


def test_hours_of_the_week_are_those_of_utc(store, scored):
    times = scored["event_time"].to_pylist()
    counted = Counter((time.isoweekday(), time.hour) for time in times)
    found = store.answer("hours_of_the_week").to_pylist()
    assert {(row["weekday"], row["hour"]): row["transactions"] for row in found} == counted
    assert sum(row["alerts"] for row in found) == sum(d != "APPROVE" for d in scored["decision"].to_pylist())


def test_scores_and_amounts_count_each_transaction_and_each_known_fraud_once(store, truth):
    scores, amounts = store.answer("scores").to_pylist(), store.answer("amounts_and_scores").to_pylist()
    frauds = sum(truth["is_fraud"].to_pylist())
    assert sum(row["transactions"] for row in scores) == sum(row["transactions"] for row in amounts) == ROWS
    assert sum(row["transactions"] for row in scores if row["label"] == "fraud") == frauds
    assert sum(row["transactions"] for row in scores if row["label"] == "no label") == ROWS - len(truth)
    assert sum(row["frauds"] for row in amounts) == frauds
    assert all(row["amount"] < row["amount_below"] for row in amounts)


@pytest.mark.parametrize("kind", ["merchant", "customer"])
def test_hot_spots_are_those_with_most_alerts(store, scored, kind):
    alerted = [decision != "APPROVE" for decision in scored["decision"].to_pylist()]
    counted = Counter(who for who, alert in zip(scored[f"{kind}_id"].to_pylist(), alerted, strict=True) if alert)
    found = [row for row in store.answer("hot_spots").to_pylist() if row["kind"] == kind]
    assert [row["alerts"] for row in found] == sorted(counted.values(), reverse=True)[:20]
    assert all(counted[row["id"]] == row["alerts"] for row in found)


def test_models_have_precision_and_recall_of_their_decisions(store, scored, truth):
    (row,) = store.answer("models").to_pylist()
    fraud = dict(zip(truth["transaction_id"].to_pylist(), truth["is_fraud"].to_pylist(), strict=True))
    known = [
        (decision != "APPROVE", fraud[name])
        for name, decision in zip(scored["transaction_id"].to_pylist(), scored["decision"].to_pylist(), strict=True)
        if name in fraud
    ]
    caught = sum(alert and is_fraud for alert, is_fraud in known)
    assert row["precision"] == pytest.approx(caught / sum(alert for alert, _ in known))
    assert row["recall"] == pytest.approx(caught / sum(is_fraud for _, is_fraud in known))
    assert row["transactions"] == len(card_world(ROWS))


def test_labels_over_time_have_the_known_share(store):
    found = store.answer("labels_over_time").to_pylist()
    total = sum(row["transactions"] for row in found)
    assert sum(row["labelled"] * row["transactions"] for row in found) / total == pytest.approx(2 / 3)


def test_sql_of_the_page_runs(store):
    found = [
        code for language, code in blocks((PROJECT_ROOT / "docs" / "exploring.md").read_text()) if language == "sql"
    ]
    assert found
    for sql in found:
        assert len(store.run(sql)) > 0
