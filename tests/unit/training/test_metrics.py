import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from models.training.metrics import pr_auc, precision_recall, recall_by_scenario

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)


@given(rows=ROWS)
def test_pr_auc_equals_scikit_learns_average_precision(rows):
    is_fraud = np.array([row[0] for row in rows])
    scores = np.array([row[1] / 5 for row in rows], np.float32)
    if is_fraud.any():
        assert pr_auc(is_fraud, scores) == pytest.approx(average_precision_score(is_fraud, scores))
    else:
        assert pr_auc(is_fraud, scores) == 0


def test_precision_and_recall_include_the_threshold_itself():
    is_fraud, scores = np.array([True, False, True]), np.array([0.5, 0.5, 0.4], np.float32)
    assert precision_recall(is_fraud, scores, 0.5) == (0.5, 0.5)


def test_nothing_flagged_is_zero_not_an_error():
    assert precision_recall(np.array([True]), np.array([0.1], np.float32), 0.5) == (0, 0)


def test_recall_by_scenario_looks_at_frauds_only():
    scenario = np.array(["burst", None, "spree", "burst"], object)
    is_fraud = np.array([True, False, True, True])
    scores = np.array([0.9, 0.9, 0.1, 0.1], np.float32)
    assert recall_by_scenario(is_fraud, scores, scenario, 0.5) == {"burst": 0.5, "spree": 0.0}
