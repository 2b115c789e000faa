"""Parity of ONNX and library scores."""

import numpy as np
import pytest

from models.training.parity import BOUND, check_parity
from schemas.errors import UserError

P = np.array([0.1, 0.4, 0.6], np.float64)


def test_equal_scores_are_recorded():
    parity = check_parity(expected=P, scores=P.astype(np.float32), threshold_rows=1, review=0.3, block=0.5)
    assert (parity.rows, parity.threshold_rows, parity.decision_flips) == (3, 1, 0)
    assert parity.max_difference <= BOUND


def test_difference_above_the_bound_is_refused():
    scores = (P + np.array([0, 2e-6, 0])).astype(np.float32)
    with pytest.raises(UserError, match="expected at most 1e-06 of difference"):
        check_parity(expected=P, scores=scores, threshold_rows=0, review=0.3, block=0.5)


def test_nan_score_is_refused():
    with pytest.raises(UserError):
        check_parity(expected=P, scores=np.full(3, np.nan, np.float32), threshold_rows=0, review=0.3, block=0.5)


def test_tiny_difference_that_flips_a_decision_is_refused():
    scores = P.astype(np.float32)
    review = float(np.nextafter(scores[1], np.float32(1)))
    scores[1] = review
    with pytest.raises(UserError, match="and 1 of 3 decisions"):
        check_parity(expected=P, scores=scores, threshold_rows=0, review=review, block=0.5)
