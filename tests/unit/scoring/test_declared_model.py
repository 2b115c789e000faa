"""Models that read declared columns."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models.features.replay import replay_features
from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.artifact import ArtifactError, load_artifact, write_artifact
from models.scoring.backfill import backfill, history_schema, score_history
from models.scoring.declared_check import require_declaration
from models.scoring.explanation import explain
from models.scoring.loaded_model import LoadedModel, load_tested
from models.scoring.served_models import ServedModels
from models.training.train import train
from models.training.training_settings import TrainingSettings
from schemas.columns import read_history
from schemas.declaration.declaration import DeclarationError
from schemas.errors import UserError
from tests.unit.schemas.declaration.declarations import declared
from tests.unit.training.declared_histories import (
    declaration,
    declared_artifact,
    declared_folder,
    declared_history_file,
)
from tests.unit.training.histories import artifact, artifact_folder, history_file

OWN = ("risk", "entry_mode", "declined", "opened")
ROWS = 6_000


@pytest.fixture(scope="module")
def table():
    return read_history(declared_history_file(), history_schema(declared_artifact(), with_labels=True)).slice(0, ROWS)


def test_features_are_named_after_the_columns_and_follow_the_others():
    manifest = load_tested(declared_folder()).manifest
    assert manifest.feature_names == (*FEATURE_NAMES, *OWN)
    assert manifest.reference.keys() == {*FEATURE_NAMES, *OWN, "score"}
    assert manifest.feature_spec_hash != artifact().manifest.feature_spec_hash
    assert manifest.metrics["pr_auc"] > artifact().manifest.metrics["pr_auc"]


def test_manifest_without_declared_columns_does_not_name_them():
    assert "declared" not in json.loads((artifact_folder() / "manifest.json").read_text())


def test_scores_do_not_depend_on_batches_and_features_equal_those_of_training(table):
    found = pa.Table.from_batches(backfill(table, declared_artifact(), with_labels=True))
    tables = {"category_risk": declared_artifact().category_risk, "type_risk": declared_artifact().type_risk}
    x = replay_features(table, **tables, with_labels=True, row_columns=declared_artifact().row_columns).x
    assert np.column_stack([found[name].to_numpy() for name in (*FEATURE_NAMES, *OWN)]).tobytes() == x.tobytes()
    by_column = dict(zip(OWN, declared_artifact().row_columns.encodings, strict=True))
    times = table["event_time"].cast(pa.int64()).to_numpy()
    for name, encoding in by_column.items():
        parts = [
            encoding.of(table[name].slice(row, 7).combine_chunks(), times[row : row + 7]) for row in range(0, 700, 7)
        ]
        assert np.array_equal(np.concatenate(parts), found[name].to_numpy()[:700])
    assert not np.isnan(x).any()


def test_records_without_a_column_have_no_value_of_it(table):
    row_columns, rows = declared_artifact().row_columns, table.slice(0, 5).combine_chunks().to_batches()[0]
    x = np.zeros((5, len(FEATURES) + len(row_columns)), np.float32)
    row_columns.write(rows.select(["event_time"]), x)
    risk, mode, declined, opened = row_columns.encodings
    assert x[0, len(FEATURES) :].tolist() == [risk.missing, np.float32(mode.risk.rates[""]), -1, opened.missing]
    assert declined.missing == -1


@pytest.mark.parametrize("champion", ["declared", "plain"])
def test_challenger_with_other_columns_scores_as_it_does_alone(table, champion):
    artifacts = {"declared": declared_artifact(), "plain": artifact()}
    other = "plain" if champion == "declared" else "declared"
    models = tuple(LoadedModel.of(artifacts[name]) for name in (champion, other))
    both = ServedModels(models=models, shares=(0.0,))
    records = table.slice(0, 500).combine_chunks().to_batches()[0]
    tables = {name: pa.Table.from_batches([records]) for name in artifacts}
    (_, alone), *_ = score_history(tables[other], artifacts[other], with_labels=False)
    (_, first), *_ = score_history(tables[champion], artifacts[champion], with_labels=False)
    found = both.score(records, first.x)
    assert found.challenger_scores[0].scores.tobytes() == alone.ensemble_scores.champion.tobytes()
    assert found.challenger_scores[0].x.shape[1] == artifacts[other].manifest.width
    assert found.scores.tobytes() == first.ensemble_scores.champion.tobytes()


def test_reasons_and_explanation_name_the_columns(table):
    rows = np.concatenate([scored.x for _, scored in score_history(table, declared_artifact(), with_labels=False)])
    risky = rows[np.argmax(rows[:, len(FEATURES)])]
    found = explain(declared_artifact(), risky)
    assert {part.feature for part in found.parts} == {*FEATURE_NAMES, *OWN}
    own = next(reason for reason in found.reasons if reason.code == "OWN_COLUMNS")
    assert own.feature in OWN
    assert own.usual is None
    assert {part.unit for part in found.parts if part.feature in OWN} == {"", "flag", "h", "probability"}


def test_artifact_of_changed_columns_is_refused(tmp_path):
    found = declared_artifact()
    columns = found.manifest.declared.columns
    changed = found.manifest.declared.model_copy(update={"columns": (columns[1], columns[0], *columns[2:])})
    write_artifact(tmp_path / "m", replace(found, manifest=found.manifest.model_copy(update={"declared": changed})))
    with pytest.raises(ArtifactError, match="expected the feature spec hash"):
        load_artifact(tmp_path / "m")


def test_model_of_another_declaration_is_refused_in_words(tmp_path):
    manifest = declared_artifact().manifest
    require_declaration(manifest, declaration())
    with pytest.raises(ArtifactError, match=r"got none\. Set job\.declaration to the file that declares risk, entry"):
        require_declaration(manifest, None)
    other = declared(tmp_path, '[columns]\nrisk = "flag"\n')
    with pytest.raises(ArtifactError, match=f"got {other.hash[:12]}. Train the model again with the present one"):
        require_declaration(manifest, other)
    require_declaration(artifact().manifest, other)
    require_declaration(artifact().manifest, None)


def test_column_with_the_name_of_a_feature_is_refused(tmp_path):
    own = declared(tmp_path, '[columns]\ncount_1h = "number"\n')
    with pytest.raises(DeclarationError, match=r"no feature has, got count_1h\. Rename it"):
        train(history_file(), tmp_path / "m", TrainingSettings(declaration=own))


def test_history_without_a_declared_column_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"expected the columns 'risk' \(double\), 'entry_mode' \(string\)"):
        train(history_file(), tmp_path / "m", TrainingSettings(declaration=declaration()))


def test_smaller_feature_sets_have_no_declared_columns(tmp_path):
    settings = TrainingSettings(declaration=declaration(), features="customer")
    with pytest.raises(UserError, match=r"expected --features all with declared columns, got customer\. Use"):
        train(declared_history_file(), tmp_path / "m", settings)
