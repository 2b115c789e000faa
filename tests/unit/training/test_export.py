"""Export of trees to ONNX."""

import lightgbm as lgb
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.export import ZERO, branch_threshold, export_onnx, floor_float32
from schemas.errors import UserError
from tests.unit.training.classifiers import FEATURES, trained

FLOAT32 = st.floats(width=32, allow_nan=False)
THRESHOLD = st.floats(min_value=-3e38, max_value=3e38)


@given(x=FLOAT32, threshold=THRESHOLD)
def test_floored_threshold_splits_every_float32_as_the_float64_one_does(x, threshold):
    assert (np.float32(x) <= floor_float32(threshold)) == (x <= threshold)


@given(threshold=THRESHOLD)
def test_floored_threshold_splits_its_neighbours_as_the_float64_one_does(threshold):
    floor = floor_float32(threshold)
    above = np.nextafter(floor, np.float32(np.inf))
    assert float(floor) <= threshold < float(above)


@pytest.mark.parametrize("threshold", [float(ZERO), -float(ZERO), 0.0, 1e-40, -1e-40])
def test_threshold_at_zero_treats_tiny_values_as_zero(threshold):
    tiny = np.array([-float(ZERO), -1e-40, -0.0, 0.0, 1e-40, float(ZERO)], np.float32)
    assert np.unique(tiny <= branch_threshold(threshold)).tolist() == [threshold >= 0]


def test_threshold_that_splits_numbers_from_nan_lets_infinity_pass():
    assert np.float32(np.inf) <= branch_threshold(1e300)


def test_threshold_beyond_float32_lets_the_largest_pass_but_not_infinity():
    largest = np.finfo(np.float32).max
    assert largest <= branch_threshold(1e39) < np.float32(np.inf)


def test_graph_maps_features_to_the_probability_only():
    model = export_onnx(trained(trees=3).booster)
    onnx.checker.check_model(model)
    assert [(port.name, len(port.type.tensor_type.shape.dim)) for port in model.graph.input] == [("features", 2)]
    assert [(port.name, len(port.type.tensor_type.shape.dim)) for port in model.graph.output] == [("probability", 1)]


def test_same_training_gives_the_same_bytes():
    first, second = (export_onnx(trained(trees=5).booster).SerializeToString(deterministic=True) for _ in range(2))
    assert first == second


def test_tree_without_a_split_is_exported():
    case = trained(trees=2, rows=15)
    assert all("split_feature" not in tree["tree_structure"] for tree in case.booster.dump_model()["tree_info"])
    export_onnx(case.booster)


@pytest.mark.parametrize(
    ("options", "columns"), [({"zero_as_missing": True}, "auto"), ({"min_data_per_group": 1}, [4])]
)
def test_splits_that_onnx_cannot_express_are_refused(options, columns):
    x = np.abs(trained(trees=1).x)
    data = lgb.Dataset(x, x[:, 4] % 2, categorical_feature=columns, free_raw_data=False)
    booster = lgb.train({"objective": "binary", "verbosity": -1, **options}, data, 3)
    with pytest.raises(UserError, match="expected splits of the kind feature <= number"):
        export_onnx(booster)


def test_feature_count_is_that_of_the_booster():
    model = export_onnx(trained(trees=1).booster)
    assert model.graph.input[0].type.tensor_type.shape.dim[1].dim_value == FEATURES
