"""Rules of single learners; `tests/contract/test_learners.py` has those of all."""

import numpy as np
import pytest

from models.scoring.model import OnnxModel
from models.training.learners.balance import SMOTE_RATIO, balanced
from models.training.learners.random_forest import RandomForest
from models.training.learners.xgboost_trees import XGBoost
from models.training.parity import edge_case_rows
from tests.unit.training.classifiers import trained

MADE = trained(trees=2)
X, IS_FRAUD = MADE.x, MADE.is_fraud


def test_float64_thresholds_of_a_forest_are_floored():
    """Neighbouring floats are split halfway, in float64: a threshold rounded up would let the upper one pass."""
    low = np.float32(1000)
    high = np.nextafter(low, np.float32(2000))
    higher = np.nextafter(high, np.float32(2000))
    x = np.repeat(np.array([low, high, higher], np.float32), 200)[:, None]
    for above in (high, higher):
        forest = RandomForest(trees=5, columns=1.0).fit(x, x[:, 0] >= above, seed=0)
        scores = OnnxModel(forest.export().SerializeToString(), features=1).score(x)
        assert np.max(np.abs(forest.probability(x) - scores)) <= forest.bound


def test_xgboost_handles_missing_values_like_the_library():
    model = XGBoost(trees=40).fit(trained(trees=2, nan_share=0.05).x, IS_FRAUD, seed=2)
    rows = edge_case_rows(X, seed=4)
    rows = rows[model.accepts(rows)]
    assert np.isnan(rows).any()
    scores = OnnxModel(model.export().SerializeToString(), features=X.shape[1]).score(rows)
    assert np.max(np.abs(model.probability(rows) - scores)) <= model.bound


def test_weights_balance_frauds_and_genuine_rows():
    sample = balanced(X, IS_FRAUD, "weights", seed=0)
    assert sample.weight[IS_FRAUD].sum() == pytest.approx(np.count_nonzero(~IS_FRAUD), rel=1e-4)


def test_smote_adds_frauds_up_to_the_ratio_and_keeps_float32():
    few = IS_FRAUD & (np.arange(len(X)) % 4 == 0)
    sample = balanced(X, few, "smote", seed=0)
    genuine = np.count_nonzero(~sample.is_fraud)
    assert np.count_nonzero(sample.is_fraud) == pytest.approx(SMOTE_RATIO * genuine, abs=1)
    assert sample.x.dtype == np.float32
    assert genuine == np.count_nonzero(~few)


def test_smote_adds_nothing_if_frauds_are_not_rare():
    half = np.arange(len(X)) % 2 == 0
    assert len(balanced(X, half, "smote", seed=0).x) == len(X)
