"""Models that read declared aggregates."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from models.declared.declared_engine import DeclaredEngine
from models.declared.declared_features import DeclaredFeatures, aggregate_tables
from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.artifact import ArtifactError, load_artifact, write_artifact
from models.scoring.backfill import backfill, history_schema
from models.scoring.explanation import explain
from models.scoring.loaded_model import load_tested
from models.scoring.self_test_check import edge_rows
from schemas.columns import read_history
from schemas.declaration.declaration import DeclarationError
from tests.unit.schemas.declaration.declarations import COLUMNS, declared
from tests.unit.training.aggregate_histories import NAMES, TABLES, declaration, folder, model
from tests.unit.training.declared_histories import declared_artifact, declared_history_file

OWN = ("risk", "entry_mode", "declined", "opened")
ROWS = 4_000


@cache
def history() -> pa.Table:
    return read_history(declared_history_file(), history_schema(model(), with_labels=True)).slice(0, ROWS)


def test_features_follow_those_of_the_columns():
    manifest = load_tested(folder() / "model").manifest if model() else None
    assert manifest.feature_names == (*FEATURE_NAMES, *OWN, *NAMES)
    assert manifest.feature_spec_hash != declared_artifact().manifest.feature_spec_hash
    assert manifest.reference.keys() >= set(NAMES)
    assert model().row_columns.arrow.names == ["risk", "entry_mode", "declined", "ip", "opened"]


def test_backfill_has_the_features_of_the_declaration():
    found = pa.Table.from_batches(backfill(history(), model(), with_labels=True))
    records = history().combine_chunks().to_batches()[0]
    tables = aggregate_tables(declaration())
    features = DeclaredFeatures.of(tables.tables, tables.kinds, tables.entities)
    expected = DeclaredEngine(features).advance(records)
    assert np.column_stack([found[name].to_numpy() for name in NAMES]).tobytes() == expected.tobytes()
    assert expected[:, 0].max() > 1
    keyed = [index for index, name in enumerate(records["entry_mode"].to_pylist()) if name == "keyed"]
    assert keyed
    assert expected[0].tolist() == [0 if records["ip"][0].is_valid else -1, -1, 0, -1, np.float32(-1e9)]


def test_missing_values_are_among_the_rows_that_a_model_is_tried_on():
    missing = edge_rows(model().row_columns)[1, len(FEATURES) + len(OWN) :]
    assert missing.tolist() == [-1, -1, -1, -1, np.float32(-1e9)]


def test_explanation_names_the_features():
    x = np.zeros(model().manifest.width, np.float32)
    assert {part.feature for part in explain(model(), x).parts} >= set(NAMES)


def test_manifest_without_aggregates_does_not_name_them():
    text = (declared_history_file().parent / "model" / "manifest.json") if declared_artifact() else None
    assert "aggregates" not in json.loads(text.read_text())["declared"]


def test_artifact_of_changed_features_is_refused(tmp_path):
    found = model().manifest.declared
    aggregates = found.aggregates.model_copy(update={"missing": (0.0,) * len(NAMES)})
    changed = model().manifest.model_copy(update={"declared": found.model_copy(update={"aggregates": aggregates})})
    write_artifact(tmp_path / "m", replace(model(), manifest=changed))
    with pytest.raises(ArtifactError, match="expected the feature spec hash"):
        load_artifact(tmp_path / "m")


def test_mistakes_have_the_file_in_front(tmp_path):
    wrong = declared(tmp_path, COLUMNS + TABLES.replace('"24h"', '"100d"').replace("risk_mean_7d", "risk"))
    with pytest.raises(DeclarationError) as caught:
        aggregate_tables(wrong)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{tmp_path / 'features.toml'}: feature ") for line in lines)
