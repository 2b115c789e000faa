"""Contributions equal those of LightGBM and XGBoost, on ordinary rows and on edge cases."""

from itertools import combinations
from math import factorial

import lightgbm as lgb
import numpy as np
import onnx
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scoring.artifact import ArtifactError
from models.scoring.tree_ensemble import TreeEnsemble, read_trees
from models.scoring.tree_nodes import read_nodes
from models.scoring.tree_shap import TreeShap
from models.training.export import export_onnx, set_covers
from models.training.fit import LearnerSettings, fit
from models.training.learners.xgboost_trees import XGBoost
from models.training.parity import edge_case_rows, threshold_rows
from tests.unit.training.classifiers import FEATURES, trained

ROWS = 300
"""Rows of each kind: the contributions of the libraries are slow."""


def read(model: onnx.ModelProto) -> TreeEnsemble:
    nodes = read_nodes(model)
    assert nodes is not None
    return read_trees(nodes)


def explained(model: onnx.ModelProto, features: int = FEATURES) -> TreeShap:
    return TreeShap(read(model), features)


def some(x: np.ndarray) -> np.ndarray:
    return x[:: max(1, len(x) // ROWS)]


def assert_equal(shap: TreeShap, x: np.ndarray, theirs: np.ndarray) -> None:
    """Compare with (n, F + 1) contributions, to a millionth of the largest."""
    ours = np.array([[*shap.contributions(row), shap.expected] for row in x])
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max())


@pytest.mark.parametrize("nan_share", [0.0, 0.1], ids=["no NaN in training", "NaN in training"])
@pytest.mark.parametrize("rows", ["ordinary", "at_thresholds", "edge_cases"])
def test_contributions_equal_those_of_lightgbm(nan_share, rows):
    case = trained(trees=60, nan_share=nan_share, seed=3)
    x = some(
        {
            "ordinary": lambda: case.x,
            "at_thresholds": lambda: threshold_rows(case.booster, case.x),
            "edge_cases": lambda: edge_case_rows(case.x, seed=1),
        }[rows]()
    )
    assert_equal(explained(export_onnx(case.booster)), x, case.booster.predict(x, pred_contrib=True))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    features=st.integers(1, 40),
    leaves=st.integers(2, 80),
    trees=st.integers(1, 6),
    nan_share=st.sampled_from([0.0, 0.2]),
)
def test_contributions_equal_those_of_lightgbm_for_any_trees(seed, features, leaves, trees, nan_share):
    generator = np.random.default_rng(seed)
    x = np.round(generator.normal(0, 3, (800, features)), 1).astype(np.float32)
    is_fraud = x.sum(axis=1) + generator.normal(0, 2, len(x)) > 2
    x[generator.random(x.shape) < nan_share] = np.nan
    learner = LearnerSettings(trees=trees, leaves=leaves, min_child_samples=1, l2=0.0, columns=1.0)
    booster = fit(x, is_fraud, learner, seed=seed, threads=1)
    rows = np.concatenate([x[:20], edge_case_rows(x, seed)[::200]])
    assert_equal(explained(export_onnx(booster), features), rows, booster.predict(rows, pred_contrib=True))


def chain(depth: int, features: int) -> tuple[lgb.Booster, np.ndarray]:
    """Return deep trees and their rows: each split separates one row from the rest by the next feature in turn."""
    x = np.zeros((depth + 1, features), np.float32)
    for row in range(depth):
        x[row + 1 :, row % features] = row // features + 1
    x = np.repeat(x, 4, axis=0)
    y = np.repeat(0.5 ** np.arange(depth + 1), 4).astype(np.float32)
    parameters = {"objective": "regression", "num_leaves": depth + 1, "min_data_in_leaf": 1, "min_data_in_bin": 1}
    parameters |= {"min_sum_hessian_in_leaf": 0, "verbosity": -1, "num_threads": 1, "learning_rate": 0.01}
    booster = lgb.train(parameters, lgb.Dataset(x, y), 2)
    for number, tree in enumerate(booster.dump_model()["tree_info"]):
        for leaf in range(tree["num_leaves"]):
            booster.set_leaf_output(number, leaf, float((-1) ** leaf * (1 + leaf % 7)))
    return booster, x


@pytest.mark.parametrize(("depth", "features"), [(40, 40), (30, 3), (25, 1), (60, 60)])
def test_contributions_are_correct_on_deep_paths_with_repeated_features(depth, features):
    booster, x = chain(depth, features)
    model = converted(booster)
    trees = read(model)
    assert trees.features_in_path.max() > min(features, 20) / 2
    assert features == depth or (trees.above >= 0).any()
    assert_equal(TreeShap(trees, features), x, booster.predict(x, pred_contrib=True))


def converted(booster: lgb.Booster) -> onnx.ModelProto:
    """Export a regression as the classifier with the same trees."""
    text = booster.model_to_string().replace("objective=regression", "objective=binary sigmoid:1")
    text = text.replace("[objective: regression]", "[objective: binary]")
    return export_onnx(lgb.Booster(model_str=text))


def test_contributions_equal_the_shapley_values_by_definition():
    """Compute every subset of the features, with the others averaged by cover."""
    case = trained(trees=1, rows=2_000, seed=5)
    used = [0, 4, 5, 6, 7, 8]
    x = np.where(np.isin(np.arange(FEATURES), used), case.x, np.float32(0))
    booster = fit(x, case.is_fraud, LearnerSettings(trees=3, leaves=12), seed=1, threads=1)
    trees = read(export_onnx(booster))
    assert (trees.above >= 0).any()
    shap = TreeShap(trees, FEATURES)
    for row in case.x[:5]:
        want = shapley_values(trees, row, used)
        np.testing.assert_allclose(shap.contributions(row)[used], want, rtol=1e-9, atol=1e-12)


def shapley_values(trees: TreeEnsemble, row: np.ndarray, features: list[int]) -> list[float]:
    n = len(features)

    def gain(feature: int, known: tuple[int, ...]) -> float:
        weight = factorial(len(known)) * factorial(n - len(known) - 1) / factorial(n)
        return weight * (mean(trees, row, {*known, feature}) - mean(trees, row, set(known)))

    return [
        sum(
            gain(feature, known)
            for size in range(n)
            for known in combinations([other for other in features if other != feature], size)
        )
        for feature in features
    ]


def mean(trees: TreeEnsemble, row: np.ndarray, known: set[int]) -> float:
    """Return the trees' sum with the known features' values, averaged by cover over the rest."""

    def below(tree: int, node: int) -> float:
        first, splits = trees.starts[tree], trees.starts[tree + 1] - trees.starts[tree]
        if node >= splits:
            return float(trees.value[first + tree + node - splits])
        split = first + node
        left, right = trees.child[split]
        if trees.feature[split] in known:
            return below(tree, left if row[trees.feature[split]] <= trees.threshold[split] else right)
        part = trees.share[split, 0] / trees.share[split].sum()
        return part * below(tree, left) + (1 - part) * below(tree, right)

    return sum(below(tree, 0) for tree in range(len(trees.starts) - 1))


def test_trees_of_one_leaf_add_nothing():
    case = trained(trees=2, rows=15)
    shap = explained(export_onnx(case.booster))
    assert shap.contributions(case.x[0]).tolist() == [0.0] * FEATURES
    assert shap.expected == pytest.approx(case.booster.predict(case.x[:1], raw_score=True)[0], rel=1e-6)


@pytest.mark.parametrize("nan_share", [0.0, 0.1])
def test_contributions_equal_those_of_xgboost(nan_share):
    case = trained(trees=1, nan_share=nan_share)
    fitted = XGBoost(trees=40).fit(case.x, case.is_fraud, seed=2)
    rows = np.concatenate([case.x, edge_case_rows(case.x, seed=4), fitted.threshold_rows(case.x[:500])])
    rows = some(rows[fitted.accepts(rows)])
    theirs = fitted.booster.predict(xgb.DMatrix(rows), pred_contribs=True)
    shap = explained(fitted.export())
    ours = np.array([shap.contributions(row) for row in rows])
    # XGBoost sums in float32.
    np.testing.assert_allclose(ours, theirs[:, :-1], rtol=1e-4, atol=2e-5)


def test_covers_that_do_not_add_up_are_refused():
    case = trained(trees=2)
    model = XGBoost(trees=2).fit(case.x, case.is_fraud, seed=1).export()
    set_covers(model.graph.node[0], dict.fromkeys(range(1_000), 2.0))
    with pytest.raises(ArtifactError, match=r"expected covers of two branches that add up to 2.0, got 4.0\. Train"):
        read(model)


def test_repeated_row_has_the_same_contributions():
    case = trained(trees=20)
    shap = explained(export_onnx(case.booster))
    first, second = (shap.contributions(case.x[7]).tobytes() for _ in range(2))
    assert first == second
