"""A model of version 0.1.0 continues to score: it reads the first columns of x."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.drift.baseline import baselines
from models.features.table import FEATURE_NAMES, FEATURES, FORMER_FEATURES, spec_hash
from models.promotion.comparison import Answers
from models.promotion.latency import reference_rows, us_per_row
from models.scoring.artifact import ArtifactError, load_artifact
from models.scoring.explanation import explain
from models.scoring.loaded_model import LoadedModel, load_model, load_tested
from models.scoring.model import OnnxModel
from models.scoring.reason_finder import ReasonFinder
from models.scoring.served_models import ServedModels
from schemas.columns import TRANSACTION_ARROW
from schemas.deployment import Served
from tests.unit.scoring.changed_manifests import change
from tests.unit.scoring.deployments import named
from tests.unit.scoring.former_artifacts import NAMES, WIDTH, former_artifact, former_folder
from tests.unit.training.histories import artifact, history


@pytest.fixture(scope="module")
def x():
    return reference_rows(artifact())


def test_it_is_read_and_its_self_test_holds(tmp_path):
    folder = former_folder(tmp_path)
    assert load_artifact(folder) == load_tested(folder) == former_artifact()
    assert load_model(Served(**named(folder))).onnx.width == WIDTH == 88


def test_its_scores_are_those_of_the_former_columns_bit_for_bit(x):
    former = np.ascontiguousarray(x[:, :WIDTH])
    expected = OnnxModel(former_artifact().onnx, features=WIDTH).score(former)
    other = x.copy()
    other[:, WIDTH:] = np.nan
    model = LoadedModel.of(former_artifact()).onnx
    for given in (former, x, other, np.asfortranarray(x)):
        assert model.score(given).tobytes() == expected.tobytes()


def test_a_graph_of_another_width_than_the_manifest_is_refused():
    manifest = former_artifact().manifest.model_copy(update={"feature_names": FEATURE_NAMES})
    with pytest.raises(ArtifactError, match=rf"expected the input and output .*{len(FEATURES)}.*, got .*88"):
        LoadedModel.of(replace(former_artifact(), manifest=manifest))


@pytest.mark.parametrize("names", [NAMES[:-1], NAMES[::-1], FEATURE_NAMES])
def test_its_feature_names_are_those_of_its_table(tmp_path, names):
    folder = former_folder(tmp_path)
    change(folder, feature_names=list(names))
    with pytest.raises(ArtifactError, match="expected the features"):
        load_artifact(folder)


def test_self_test_rows_of_another_width_are_refused(tmp_path):
    folder = former_folder(tmp_path)
    change(folder, self_test=json.loads(artifact().manifest.self_test.model_dump_json()))
    with pytest.raises(ArtifactError, match=f"expected self-test rows of 88 features, got {len(FEATURES)}"):
        load_tested(folder)


def test_without_self_test_its_own_medians_must_pass():
    manifest = former_artifact().manifest.model_copy(update={"self_test": None})
    assert LoadedModel.of(replace(former_artifact(), manifest=manifest)).onnx.width == WIDTH


@pytest.mark.parametrize("reasons", ["contributions", "unusual values"])
def test_reasons_are_of_its_own_features(x, reasons):
    manifest = former_artifact().manifest.model_copy(update={"reasons": reasons})
    finder = ReasonFinder(replace(former_artifact(), manifest=manifest))
    strange = x.copy()
    strange[:, FEATURE_NAMES.index("device_customers_24h")] = 1_000
    found = [finder.find(row) for row in strange[:50]]
    assert found == [finder.find(np.ascontiguousarray(row[:WIDTH])) for row in strange[:50]]
    assert {reason.feature for some in found for reason in some} <= set(NAMES)


def test_a_model_of_this_version_has_reasons_of_entities():
    manifest = artifact().manifest.model_copy(update={"reasons": "unusual values"})
    row = np.array([feature.missing for feature in FEATURES], np.float32)
    row[FEATURE_NAMES.index("device_customers_24h")] = 12
    (reason,) = ReasonFinder(replace(artifact(), manifest=manifest)).find(row)
    assert (reason.code, reason.feature, reason.value, reason.usual) == (
        "DEVICE_CUSTOMERS", "device_customers_24h", 12, 1,
    )  # fmt: skip


def test_explanation_has_a_part_for_each_of_its_features(x):
    found = explain(former_artifact(), x[0])
    assert found == explain(former_artifact(), np.ascontiguousarray(x[0, :WIDTH]))
    assert sorted(part.feature for part in found.parts) == sorted(NAMES)
    log_odds = found.expected + sum(part.contribution for part in found.parts)
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(found.score, abs=1e-6)


def test_champion_and_challenger_may_be_of_different_tables(x):
    models = (LoadedModel.of(former_artifact()), LoadedModel.of(artifact()))
    rows = x[:8]
    records = history().select(TRANSACTION_ARROW.names).slice(0, 8).combine_chunks().to_batches()[0]
    for champion, challenger in (models, models[::-1]):
        scored = ServedModels(models=(champion, challenger), shares=(0.0,)).score(records, rows)
        assert scored.champion.tobytes() == champion.onnx.score(rows).tobytes()
        assert scored.challenger_scores[0].x.shape == rows.shape


def test_its_manifest_is_that_of_the_former_table():
    manifest = former_artifact().manifest
    assert (manifest.feature_spec_hash, manifest.feature_names) == (spec_hash(FORMER_FEATURES), NAMES)
    assert manifest.reference.keys() == {*NAMES, "score"}
    assert artifact().manifest.reference.keys() == {*FEATURE_NAMES, "score"}


def test_drift_is_measured_by_the_same_signals():
    assert baselines(former_artifact().manifest).keys() == baselines(artifact().manifest).keys()


def test_promotion_measures_it_as_any_other(x):
    assert reference_rows(former_artifact()).shape[1] == WIDTH
    times = iter(range(1_000))
    assert us_per_row(former_artifact(), lambda: float(next(times))) > 0
    assert len(Answers.to(x, former_artifact()).scores) == len(x)
