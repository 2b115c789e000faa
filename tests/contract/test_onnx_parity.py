"""The exported model branches like LightGBM on ordinary rows, rows at thresholds and edge cases."""

import lightgbm as lgb
import numpy as np
import pytest
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxruntime import InferenceSession

from models.scoring.model import OnnxModel
from models.training.export import export_onnx
from models.training.parity import BOUND, edge_case_rows, threshold_rows
from tests.unit.training.classifiers import FEATURES, Trained, trained


@pytest.fixture(scope="module", params=[0.0, 0.1], ids=["no NaN in training", "NaN in training"])
def case(request) -> Trained:
    return trained(trees=80, nan_share=request.param, seed=3)


def scored(booster: lgb.Booster, x):
    return OnnxModel(export_onnx(booster).SerializeToString(), features=FEATURES).score(x)


@pytest.mark.parametrize("rows", ["ordinary", "at_thresholds", "edge_cases"])
def test_onnx_equals_lightgbm_within_a_millionth(case, rows):
    x = {
        "ordinary": lambda: case.x,
        "at_thresholds": lambda: threshold_rows(case.booster, case.x),
        "edge_cases": lambda: edge_case_rows(case.x, seed=1),
    }[rows]()
    assert len(x) > 1_000
    np.testing.assert_allclose(scored(case.booster, x), case.booster.predict(x), rtol=0, atol=BOUND)


def test_threshold_rows_reach_both_sides_of_every_split(case):
    x = threshold_rows(case.booster, case.x)
    leaves = case.booster.predict(x, pred_leaf=True)
    moved = [len(np.unique(leaves[start : start + 3], axis=0)) > 1 for start in range(0, len(x), 3)]
    # A deep split may be unreachable because of another split on the same feature; this is rare.
    assert np.mean(moved) > 0.99


def test_stock_conversion_fails_where_the_export_does_not():
    """Show that the rows reveal errors: the rounding of thresholds by the converter fails on them."""
    case = trained(trees=80, seed=3)
    stock = convert_lightgbm(
        case.booster, initial_types=[("features", FloatTensorType([None, FEATURES]))], zipmap=False
    )
    x = threshold_rows(case.booster, case.x)
    probabilities = InferenceSession(stock.SerializeToString()).run(["probabilities"], {"features": x})[0][:, 1]
    assert np.abs(probabilities - case.booster.predict(x)).max() > 1e-3
