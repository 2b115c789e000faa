"""Training of a model."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.features.entities.entity_engine import EntityEngine
from models.features.table import CUSTOMER_FEATURES, FEATURE_NAMES, spec_hash
from models.scoring.artifact import load_artifact
from models.scoring.loaded_model import load_tested
from models.training.train import train
from models.training.training_settings import TrainingSettings
from schemas.errors import UserError
from tests.unit.training.histories import SMALL, artifact_folder, history, history_file


@pytest.fixture(scope="module")
def manifest():
    return load_artifact(artifact_folder()).manifest


def test_model_finds_the_simulated_frauds(manifest):
    assert manifest.metrics["pr_auc"] > 10 * history()["is_fraud"].to_numpy().mean()
    assert manifest.metrics["review_precision"] >= 0.5


def test_pr_auc_comes_first_in_the_file():
    written = json.loads((artifact_folder() / "manifest.json").read_bytes())
    assert next(iter(written["metrics"])) == "pr_auc"


def test_parity_is_recorded_without_a_flip(manifest):
    assert manifest.parity.decision_flips == 0
    assert manifest.parity.max_difference <= manifest.parity.bound == 1e-6
    assert manifest.parity.threshold_rows > 100


def test_manifest_names_its_features_and_data(manifest):
    assert manifest.feature_names == FEATURE_NAMES
    assert manifest.feature_spec_hash == spec_hash()
    assert manifest.data.rows == len(history())
    assert set(manifest.reference) == {*FEATURE_NAMES, "score"}
    assert manifest.category_risk["prior"] > 0


def test_model_of_customers_features_reads_the_first_columns_and_replays_no_entity(monkeypatch, tmp_path):
    monkeypatch.setattr(EntityEngine, "advance", None)
    made = train(history_file(), tmp_path, TrainingSettings(features="customer"), learner=SMALL)
    assert made.feature_names == tuple(feature.name for feature in CUSTOMER_FEATURES)
    assert made.feature_spec_hash == spec_hash(CUSTOMER_FEATURES)
    assert load_tested(tmp_path).manifest == made
    assert set(made.reference) == {*made.feature_names, "score"}
    assert set(made.usual_spread) < set(made.feature_names)
    assert made.settings["features"] == "customer"


def test_recall_is_recorded_by_scenario(manifest):
    assert len(manifest.recall_by_scenario) > 1
    assert all(0 <= recall <= 1 for recall in manifest.recall_by_scenario.values())


def test_recall_at_one_percent_of_alerts_is_recorded_by_scenario_and_overall(manifest):
    at_1pct = manifest.recall_at_1pct_alerts
    assert at_1pct.keys() == manifest.recall_by_scenario.keys()
    assert min(at_1pct.values()) <= manifest.metrics["recall_at_1pct_alerts"] <= max(at_1pct.values())
    page = (artifact_folder() / "report.html").read_text()
    assert all(f"recall at 1 % alerts, {name.replace('_', ' ')}" in page for name in at_1pct)


def test_same_file_and_seed_give_the_same_artifact(tmp_path):
    train(history_file(), tmp_path, learner=SMALL)
    for name in ("model.onnx", "manifest.json"):
        assert (tmp_path / name).read_bytes() == (artifact_folder() / name).read_bytes()


def test_another_seed_gives_another_model(tmp_path, manifest):
    assert train(history_file(), tmp_path, TrainingSettings(seed=8), learner=SMALL).model_id != manifest.model_id


def test_progress_reports_each_stage_to_its_end(tmp_path):
    reported = []
    train(history_file(), tmp_path, learner=SMALL, progress=lambda *state: reported.append(state))
    stages = list(dict.fromkeys(stage for stage, _, _ in reported))
    assert stages == ["read", "replay", "replay from empty", "train", "verify"]
    assert ("replay", len(history()), len(history())) in reported


def test_optional_columns_may_be_absent(tmp_path):
    table = history().drop_columns(["device_id", "latitude", "longitude", "scenario"])
    pq.write_table(table, tmp_path / "plain.parquet")
    manifest = train(tmp_path / "plain.parquet", tmp_path / "model", learner=SMALL)
    assert manifest.recall_by_scenario == {}
    assert load_artifact(tmp_path / "model").manifest == manifest


def test_history_without_frauds_is_refused_and_writes_nothing(tmp_path):
    table = history()
    genuine = pa.array([False] * len(table))
    column = table.schema.get_field_index("is_fraud")
    pq.write_table(table.set_column(column, table.schema.field(column), genuine), tmp_path / "genuine.parquet")
    with pytest.raises(UserError, match=r"expected at least 20 frauds in the training period .* got 0"):
        train(tmp_path / "genuine.parquet", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_labels_that_are_known_too_late_are_named(tmp_path):
    table = history()
    late = table.set_column(
        table.schema.get_field_index("label_time"),
        table.schema.field("label_time"),
        pa.compute.add(table["label_time"], pa.scalar(60 * 86_400_000, pa.duration("ms"))),
    )
    pq.write_table(late, tmp_path / "late.parquet")
    with pytest.raises(UserError, match="shorter label delay"):
        train(tmp_path / "late.parquet", tmp_path / "model")


def test_empty_history_is_refused(tmp_path):
    pq.write_table(history().slice(0, 0), tmp_path / "empty.parquet")
    with pytest.raises(UserError, match="expected transactions, got an empty file"):
        train(tmp_path / "empty.parquet", tmp_path / "model")


def test_history_with_repeated_ids_is_refused(tmp_path):
    same = pa.array(["1"] * len(history()))
    table = history().set_column(0, history().schema.field("transaction_id"), same)
    pq.write_table(table, tmp_path / "same.parquet")
    with pytest.raises(UserError, match="expected a transaction_id of its own for each transaction of a customer"):
        train(tmp_path / "same.parquet", tmp_path / "model", learner=SMALL)


def test_absent_history_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="got none"):
        train(tmp_path / "absent.parquet", tmp_path / "model")


def test_report_is_written_next_to_the_artifact():
    page = (artifact_folder() / "report.html").read_text()
    assert load_artifact(artifact_folder()).manifest.model_id in page
    assert page.count("<figure") == 5
