"""Calibration of probabilities."""

import numpy as np
import pytest

from models.scoring.model import OnnxModel
from models.training.calibration import Calibrated, Platt
from models.training.learners.catalogue import LEARNERS
from models.training.metrics import brier_score, calibration_error
from schemas.errors import UserError
from tests.unit.training.classifiers import trained

MADE = trained(trees=2)
X, IS_FRAUD = MADE.x, MADE.is_fraud
HALF = np.arange(len(X)) < len(X) // 2


def test_fit_recovers_the_distortion_of_the_probabilities():
    generator = np.random.default_rng(0)
    margin = generator.normal(-3, 2, 200_000)
    is_fraud = generator.random(len(margin)) < 1 / (1 + np.exp(-margin))
    bent = 1 / (1 + np.exp(-(margin - 1) / 2))  # log-odds (m - 1) / 2: m = 2 * log-odds + 1
    platt = Platt.fit(bent, is_fraud)
    assert platt.slope == pytest.approx(2, rel=0.03)
    assert platt.intercept == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_calibration_corrects_smote_and_is_part_of_the_onnx_graph(name):
    fit = LEARNERS[name]("smote").fit(X[HALF], IS_FRAUD[HALF] & (np.arange(len(X))[HALF] % 4 == 0), seed=1)
    rare = ~HALF & (~IS_FRAUD | (np.arange(len(X)) % 4 == 0))
    calibrated = Calibrated(fit, Platt.fit(fit.probability(X[rare]), IS_FRAUD[rare]))
    scores = OnnxModel(calibrated.export().SerializeToString(), features=X.shape[1]).score(X)
    assert np.max(np.abs(calibrated.probability(X) - scores)) <= calibrated.bound
    before = fit.probability(X[rare]).astype(np.float32)
    assert brier_score(IS_FRAUD[rare], scores[rare]) <= brier_score(IS_FRAUD[rare], before)
    assert calibration_error(IS_FRAUD[rare], scores[rare]) <= max(calibration_error(IS_FRAUD[rare], before), 0.005)


def test_calibration_keeps_the_ranking():
    fit = LEARNERS["xgboost"]("none").fit(X, IS_FRAUD, seed=1)
    plain = OnnxModel(fit.export().SerializeToString(), features=X.shape[1]).score(X)
    mapped = OnnxModel(Calibrated(fit, Platt(0.7, -1.0)).export().SerializeToString(), features=X.shape[1]).score(X)
    assert (np.diff(mapped[np.argsort(plain, kind="stable")]) >= 0).all()


def test_calibrated_row_scores_the_same_alone_and_in_a_batch():
    fit = Calibrated(LEARNERS["lightgbm"]("none").fit(X, IS_FRAUD, seed=1), Platt(0.7, -1.0))
    model = OnnxModel(fit.export().SerializeToString(), features=X.shape[1])
    alone = np.concatenate([model.score(X[row : row + 1]) for row in range(500)])
    assert model.score(X[:500]).tobytes() == alone.tobytes()


def test_certain_probabilities_stay_finite():
    assert np.isfinite(Platt(2.0, 0.0).apply(np.array([0.0, 1.0]))).all()


def test_days_without_frauds_are_refused():
    with pytest.raises(UserError, match="got 0 frauds of 5 rows"):
        Platt.fit(np.full(5, 0.5), np.zeros(5, np.bool_))


def test_model_with_inverted_ranking_is_refused():
    with pytest.raises(UserError, match="does not generalise"):
        Platt.fit(np.array([0.9, 0.8, 0.1, 0.2]), np.array([False, False, True, True]))
