"""The job accepts every kind of model that `train` makes."""

import numpy as np
import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from models.scoring.artifact import load_artifact
from models.scoring.contributions import read_contributions
from models.scoring.history_scorer import HistoryScorer
from models.scoring.loaded_model import load_tested
from models.scoring.model import OnnxModel
from models.scoring.reason_finder import ReasonFinder
from models.training.learners.catalogue import LEARNERS
from models.training.learners.learner import Learner
from models.training.learners.lightgbm_trees import LightGbm
from models.training.learners.logistic_regression import Logistic
from models.training.learners.random_forest import RandomForest
from models.training.learners.xgboost_trees import XGBoost
from models.training.train import train
from models.training.training_settings import TrainingSettings
from schemas.columns import TRANSACTION_ARROW
from schemas.errors import UserError
from tests.unit.training.histories import SMALL, history, history_file

QUICK: dict[str, Learner] = {
    "lightgbm": SMALL,
    "xgboost": XGBoost(trees=30),
    "logistic": Logistic(),
    "forest": RandomForest(trees=30, min_child_samples=20),
}


@pytest.fixture(scope="module", params=sorted(QUICK))
def trained(request, tmp_path_factory):
    """Return the name of each kind and its calibrated artifact as loaded by the job."""
    folder = tmp_path_factory.mktemp(request.param)
    settings = TrainingSettings(model=request.param, calibrate=True)
    train(history_file(), folder, settings, learner=QUICK[request.param])
    return request.param, load_tested(folder)


def test_every_learner_is_trained():
    assert QUICK.keys() == LEARNERS.keys()


@pytest.mark.parametrize("name", sorted(QUICK))
def test_job_accepts_uncalibrated_models_too(name, tmp_path):
    train(history_file(), tmp_path, TrainingSettings(model=name), learner=QUICK[name])
    assert load_tested(tmp_path).manifest.settings["calibrated"] == 0


def test_job_scores_with_each_kind_and_finds_frauds(trained):
    _, artifact = trained
    records = history().select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    batch = HistoryScorer(artifact).score(records)
    is_fraud = history()["is_fraud"].to_numpy()
    assert batch.scores.shape == (len(records),)
    assert np.mean(batch.scores[is_fraud]) > 5 * np.mean(batch.scores[~is_fraud])
    assert ReasonFinder(artifact).find(batch.x[np.argmax(batch.scores)])


def test_reasons_are_contributions_if_the_model_has_them(trained):
    name, artifact = trained
    assert artifact.manifest.reasons == ("unusual values" if name == "forest" else "contributions")
    records = history().select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    batch = HistoryScorer(artifact).score(records)
    reasons = ReasonFinder(artifact).find(batch.x[np.argmax(batch.scores)])
    assert all((reason.contribution is None) == (name == "forest") for reason in reasons)


def test_contributions_add_up_to_the_scores_log_odds(trained):
    name, artifact = trained
    explained = read_contributions(artifact.onnx)
    if name == "forest":
        assert explained is None
        return
    records = history().select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    batch = HistoryScorer(artifact).score(records)
    # Calibration uses the float32 probability, which near 1 determines the log-odds only roughly.
    rows = np.flatnonzero((batch.scores > 0.01) & (batch.scores < 0.95))[:200]
    margins = np.array([explained.contributions(row).sum() + explained.expected for row in batch.x[rows]])
    np.testing.assert_allclose(1 / (1 + np.exp(-margins)), batch.scores[rows], rtol=0, atol=1e-5)


def test_parity_report_has_no_flip(trained):
    _, artifact = trained
    parity = artifact.manifest.parity
    assert parity.decision_flips == 0
    assert parity.max_difference <= parity.bound < 1e-3
    assert 0 < artifact.manifest.review_threshold <= artifact.manifest.block_threshold < 1


def test_manifest_names_the_kind(trained):
    name, artifact = trained
    assert artifact.manifest.settings["model"] == name
    assert artifact.manifest.settings["calibrated"] == 1


@pytest.mark.parametrize("balance", ["weights", "smote"])
def test_balance_and_calibration_can_be_combined(balance, tmp_path):
    manifest = train(
        history_file(),
        tmp_path,
        TrainingSettings(balance=balance, calibrate=True),
        learner=LightGbm(settings=SMALL.settings, balance=balance),
    )
    assert manifest.settings["balance"] == balance
    assert manifest.metrics["pr_auc"] > 0.1


def test_command_searches_within_the_training_rows(tmp_path):
    options = ["--model", "logistic", "--search-minutes", "0.001", "--calibrate"]
    done = CliRunner().invoke(app, ["train", "--history", str(history_file()), "--out", str(tmp_path), *options])
    assert done.exit_code == 0, done.output
    assert "recall at 1 % alerts" in done.stdout
    assert load_artifact(tmp_path).manifest.settings["search_minutes"] == 0.001


def test_calibration_that_enlarges_roundings_too_much_is_refused(tmp_path):
    settings, few = TrainingSettings(model="forest", calibrate=True), RandomForest(trees=10, min_child_samples=20)
    with pytest.raises(UserError, match=r"to 0\.001 at most, got .* more trees"):
        train(history_file(), tmp_path, settings, learner=few)


def test_mean_of_a_forest_is_never_above_1():
    x = np.random.default_rng(1).normal(size=(400, 5)).astype(np.float32)
    forest = RandomForest(trees=97, min_child_samples=1, columns=1.0).fit(x, x[:, 0] > 0, seed=1)
    scores = OnnxModel(forest.export().SerializeToString(), features=5).score(np.full((9, 5), 9, np.float32))
    assert scores.tolist() == [1.0] * 9
