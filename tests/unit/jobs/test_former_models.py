"""A job with a model of version 0.1.0: its scores are of 88 features, its records have all."""

from shutil import copytree

import numpy as np
import pytest

from fraudstream.readers.alert_record import AlertRecord
from models.features.table import FEATURE_NAMES
from models.scoring.explanation import explain
from models.scoring.loaded_model import LoadedModel
from tests.records import NOON_MS
from tests.unit.jobs.operator_in_memory import OperatorInMemory, batches
from tests.unit.jobs.shard_transactions import SHARD, SIZE, transactions
from tests.unit.scoring.changed_manifests import change
from tests.unit.scoring.former_artifacts import NAMES, WIDTH, former_artifact
from tests.unit.training.histories import artifact, artifact_folder, former_table_folder


def scored_by(model, folder):
    """Return the alerts of a model that reviews everything."""
    change(copytree(model, folder), review_threshold=0.0)
    operator = OperatorInMemory(folder)
    for number, batch in enumerate(batches(transactions(200), SIZE)):
        operator.send(0, batch, shard=SHARD, time_ms=NOON_MS + number)
    return operator.of("fraud.alerts.v1")


@pytest.fixture(scope="module")
def alerts(tmp_path_factory):
    return scored_by(former_table_folder(), tmp_path_factory.mktemp("former") / "model")


def test_alerts_have_all_features_and_the_hash_and_reasons_of_the_model(alerts):
    manifest = former_artifact().manifest
    assert alerts
    assert {alert["feature_spec_hash"] for alert in alerts} == {manifest.feature_spec_hash}
    assert all(alert["features"].keys() == set(FEATURE_NAMES) for alert in alerts)
    assert {reason["feature"] for alert in alerts for reason in alert["reasons"]} <= set(NAMES)


def test_scores_are_the_models_of_the_alerts_first_features_bit_for_bit(alerts):
    x = np.array([[alert["features"][name] for name in NAMES] for alert in alerts], np.float32)
    scores = LoadedModel.of(former_artifact()).onnx.score(x)
    assert scores.tolist() == [alert["score"] for alert in alerts]


def test_alerts_are_explained_by_the_model(alerts):
    record = AlertRecord(alert=alerts[0], repeats=0, logged=None)
    assert record.features_of().shape == (WIDTH,)
    assert explain(former_artifact(), record.features_of()).score == alerts[0]["score"]


def test_a_model_of_this_version_scores_entities(tmp_path):
    alerts = scored_by(artifact_folder(), tmp_path / "model")
    x = np.array([[alert["features"][name] for name in FEATURE_NAMES] for alert in alerts], np.float32)
    assert LoadedModel.of(artifact()).onnx.score(x).tolist() == [alert["score"] for alert in alerts]
    assert x[:, FEATURE_NAMES.index("merchant_count_30d")].max() > 0
