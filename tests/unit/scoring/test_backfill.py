"""Backfill of scores."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from models.features.replay import replay_features
from models.features.table import FEATURE_NAMES
from models.scoring.backfill import backfill, backfill_schema
from schemas.columns import LABELLED_ARROW, TRANSACTION_ARROW, read_history
from tests.replay_scores import replay_scores
from tests.unit.training.histories import artifact, artifact_folder, history_file

ROWS = 10_000


@pytest.fixture(scope="module")
def table():
    return read_history(history_file()).select(LABELLED_ARROW.names).slice(0, ROWS)


def features(result):
    return np.column_stack([result[name].to_numpy() for name in FEATURE_NAMES])


def test_features_equal_those_of_training(table):
    result = pa.Table.from_batches(backfill(table, artifact(), with_labels=True))
    risks = {"category_risk": artifact().category_risk, "type_risk": artifact().type_risk}
    assert features(result).tobytes() == replay_features(table, **risks, with_labels=True).x.tobytes()
    assert result["merchant_labels_30d"].to_numpy().any()
    for name in ("transaction_id", "event_time", "is_fraud", "label_time"):
        assert result[name].equals(table[name])


def test_scores_without_labels_equal_those_of_the_replay(table):
    bare = table.select(TRANSACTION_ARROW.names)
    result = pa.Table.from_batches(backfill(bare, artifact(), with_labels=False))
    assert result["score"].to_numpy().tobytes() == replay_scores(bare, artifact()).tobytes()
    assert "is_fraud" not in result.column_names


def test_command_writes_the_same_rows(tmp_path):
    target = tmp_path / "new" / "out.parquet"
    arguments = ["backfill", str(history_file()), "--model", str(artifact_folder()), "--out", str(target), "--json"]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.exception
    whole = read_history(history_file())
    assert json.loads(done.stdout.splitlines()[-1])["transactions"] == len(whole)
    written = pq.read_table(target)
    assert written.schema.equals(backfill_schema(artifact(), with_labels=True))
    expected = pa.Table.from_batches(backfill(whole, artifact(), with_labels=True))
    assert features(written).tobytes() == features(expected).tobytes()
    assert list(target.parent.iterdir()) == [target]
