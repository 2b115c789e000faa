"""Parity reports of sound models of every kind, and of damaged ones."""

import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from models.scoring.artifact import LIBRARY_FILE, Artifact, checksum, load_artifact, write_artifact
from models.scoring.model import OnnxModel
from models.training.adversarial_rows import NEAR, SHARES, AdversarialRows
from models.training.calibration import Calibrated, Platt
from models.training.learners.catalogue import LEARNERS
from models.training.learners.learner import TrainedModel
from models.training.learners.lightgbm_trees import FittedLightGbm
from models.training.parity_report import ParityReport, verify_parity
from models.training.thresholds import choose_thresholds
from tests.unit.training.classifiers import Trained, trained
from tests.unit.training.histories import artifact_folder, history_file


def parity_report(classifier: TrainedModel, case: Trained, *, rows: int, content: bytes | None = None) -> ParityReport:
    """Verify the export of a classifier, or another model, at thresholds chosen as in training."""
    exported = classifier.export().SerializeToString()
    scores = OnnxModel(exported, features=case.x.shape[1]).score(case.x)
    thresholds = choose_thresholds(case.is_fraud, scores, scores[:0])
    return verify_parity(
        classifier, content or exported, case.x, review=thresholds.review, block=thresholds.block, rows=rows, seed=1
    )


MODELS = {
    "no NaN in training": lambda: trained(trees=80, seed=3),
    "NaN in training": lambda: trained(trees=80, nan_share=0.1, seed=3),
    "many trees": lambda: trained(trees=300, seed=4),
    "one tree": lambda: trained(trees=1, seed=5),
    "no split at all": lambda: trained(trees=2, rows=15),
}


def assert_equal(found: ParityReport, rows: int) -> None:
    assert found.holds, found
    assert (found.decision_flips, found.left_open) == (0, 0.0)
    assert found.max_difference <= 1e-6
    assert found.total == rows


def of_lightgbm(case: Trained, rows: int) -> None:
    found = parity_report(FittedLightGbm(case.booster), case, rows=rows)
    assert_equal(found, rows)
    # The remaining difference is the last bit of the float64 sigmoid, of probabilities near 0.
    assert found.rounded_otherwise <= rows / 10_000


def of_learner(name: str, calibrated: bool, rows: int) -> ParityReport:
    case = trained(trees=2, seed=3)
    classifier: TrainedModel = LEARNERS[name]("none").fit(case.x, case.is_fraud, seed=3)
    if calibrated:
        classifier = Calibrated(classifier, Platt.fit(classifier.probability(case.x), case.is_fraud))
    found = parity_report(classifier, case, rows=rows)
    assert found.holds, found
    assert found.total == rows
    return found


@pytest.mark.parametrize("name", MODELS)
def test_scores_equal_lightgbm_rounded_once(name):
    of_lightgbm(MODELS[name](), 10_000)


@pytest.mark.parametrize("calibrated", [False, True], ids=["plain", "calibrated"])
@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_every_kind_of_model_passes(name, calibrated):
    of_learner(name, calibrated, 10_000)


def test_rows_are_of_every_kind_and_come_close_to_each_decision():
    case, decisions = trained(trees=80, seed=3), (0.2, 0.6)
    classifier = FittedLightGbm(case.booster)
    found = list(AdversarialRows(classifier, case.x, decisions, seed=1).rows(60_000))
    assert {kind for kind, _ in found} == {*SHARES, NEAR}
    assert sum(len(x) for _, x in found) == 60_000
    probability = classifier.probability(np.concatenate([x for kind, x in found if kind == NEAR]))
    for decision in decisions:
        assert np.min(np.abs(probability - decision)) < 1e-4


def damaged(content: bytes, change) -> bytes:
    """Return the model with its TreeEnsemble's attributes changed."""
    model = onnx.load_from_string(content)
    trees = next(node for node in model.graph.node if node.op_type == "TreeEnsemble")
    change({attribute.name: attribute for attribute in trees.attribute})
    return model.SerializeToString()


def threshold_one_float_up(attributes) -> None:
    splits = numpy_helper.to_array(attributes["nodes_splits"].t).copy()
    splits[100] = np.nextafter(np.float32(splits[100]), np.float32(np.inf))
    attributes["nodes_splits"].t.CopyFrom(numpy_helper.from_array(splits, "splits"))


def leaf_off_by_a_thousandth(attributes) -> None:
    weights = numpy_helper.to_array(attributes["leaf_weights"].t).copy()
    weights[100] += 1e-3
    attributes["leaf_weights"].t.CopyFrom(numpy_helper.from_array(weights, "weights"))


def nan_to_the_other_side(attributes) -> None:
    attributes["nodes_missing_value_tracks_true"].ints[100] ^= 1


@pytest.mark.parametrize("change", [threshold_one_float_up, leaf_off_by_a_thousandth, nan_to_the_other_side])
def test_smallest_damage_is_found(change):
    case = trained(trees=80, nan_share=0.1, seed=3)
    classifier = FittedLightGbm(case.booster)
    content = damaged(classifier.export().SerializeToString(), change)
    found = parity_report(classifier, case, rows=50_000, content=content)
    assert not found.holds
    assert found.max_difference > found.bound


def test_sums_in_float32_are_reported():
    """ONNX's operator for classifiers sums in float32: within the bound, but not the library's number."""
    case = trained(trees=80, seed=3)
    classifier = FittedLightGbm(case.booster)
    content = damaged(classifier.export().SerializeToString(), weights_as_float32)
    found = parity_report(classifier, case, rows=10_000, content=content)
    assert found.rounded_otherwise > 100


def weights_as_float32(attributes) -> None:
    weights = numpy_helper.to_array(attributes["leaf_weights"].t).astype(np.float32).astype(np.float64)
    attributes["leaf_weights"].t.CopyFrom(numpy_helper.from_array(weights, "weights"))


def run(*line: str):
    return CliRunner().invoke(cli.app, ["model", "verify", *line, "--rows", "20000", "--json"])


def test_command_verifies_a_trained_model():
    done = run(str(artifact_folder()), "--history", str(history_file()))
    assert done.exit_code == 0, done.exception
    report = json.loads(done.stdout)
    assert (report["holds"], report["decision_flips"], sum(report["rows"].values())) == (True, 0, 20_000)


def test_command_fails_on_another_model(tmp_path):
    artifact = load_artifact(artifact_folder())
    content = damaged(artifact.onnx, leaf_off_by_a_thousandth)
    manifest = artifact.manifest.model_copy(update={"onnx_sha256": checksum(content), "self_test": None})
    write_artifact(tmp_path, Artifact(manifest=manifest, onnx=content))
    (tmp_path / LIBRARY_FILE).write_bytes((artifact_folder() / LIBRARY_FILE).read_bytes())
    done = run(str(tmp_path), "--history", str(history_file()))
    assert done.exit_code == 1
    assert json.loads(done.stdout)["max_difference"] > 1e-6


def test_command_names_a_missing_file(tmp_path):
    write_artifact(tmp_path, load_artifact(artifact_folder()))
    done = run(str(tmp_path))
    assert done.exit_code == 1
    assert LIBRARY_FILE in str(done.exception)


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--calibrate",)], ids=["plain", "calibrated"])
def test_million_rows_of_the_default_learner_pass(options, tmp_path):
    """Simulate, train and verify as a user does: 100 trees on 270,000 transactions."""
    history, model = str(tmp_path / "history.parquet"), str(tmp_path / "model")
    for line in (
        ["simulate", "--out", history, "--customers", "3000"],
        ["train", "--history", history, "--out", model, *options],
        ["model", "verify", model, "--history", history, "--json"],
    ):
        done = CliRunner().invoke(cli.app, line)
        assert done.exit_code == 0, (done.output, done.exception)
    report = json.loads(done.stdout)
    assert (sum(report["rows"].values()), report["decision_flips"]) == (1_000_000, 0)
    assert report["max_difference"] <= 1e-6
    assert report["near_a_decision"] > 10


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_hundred_thousands_of_rows_of_every_lightgbm_model_pass(name):
    of_lightgbm(MODELS[name](), 300_000)


@pytest.mark.long
@pytest.mark.parametrize("calibrated", [False, True], ids=["plain", "calibrated"])
@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_hundred_thousands_of_rows_of_every_kind_of_model_pass(name, calibrated):
    of_learner(name, calibrated, 300_000)
