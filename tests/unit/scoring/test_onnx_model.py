"""Scores of ONNX Runtime for any split of the rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scoring.artifact import ArtifactError
from models.scoring.model import OnnxModel
from models.training.export import export_onnx
from tests.unit.training.classifiers import FEATURES, trained

CASE = trained(trees=300, rows=3_000)
ONNX = export_onnx(CASE.booster).SerializeToString()
MODEL = OnnxModel(ONNX, features=FEATURES)
WHOLE = MODEL.score(CASE.x)


def bits(scores):
    return scores.view(np.uint32).tolist()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 31, 64, 127, 128, 129, 1_000, 2_999])
def test_scores_have_the_same_bits_in_batches_of_any_size(size):
    parts = [MODEL.score(CASE.x[start : start + size]) for start in range(0, len(CASE.x), size)]
    assert bits(np.concatenate(parts)) == bits(WHOLE)


@settings(deadline=None, max_examples=60)
@given(cuts=st.lists(st.integers(0, 3_000), max_size=30))
def test_scores_have_the_same_bits_for_any_split_of_the_rows(cuts):
    parts = [MODEL.score(part) for part in np.split(CASE.x, sorted(cuts))]
    assert bits(np.concatenate(parts)) == bits(WHOLE)


def test_empty_batch_has_no_scores():
    assert MODEL.score(np.empty((0, FEATURES), np.float32)).shape == (0,)


def test_scores_are_probabilities_in_float32():
    assert WHOLE.dtype == np.float32
    assert 0 <= WHOLE.min() < WHOLE.max() <= 1


def test_graph_of_another_width_is_refused():
    with pytest.raises(ArtifactError, match=r"expected the input and output .*41.*got .*12"):
        OnnxModel(ONNX, features=41)
