"""Decisions from scores and thresholds."""

import numpy as np

from models.scoring.decision import Decision, decide


def test_score_at_a_threshold_has_the_more_severe_decision():
    review, block = np.float32(0.3), np.float32(0.7)
    below = [np.nextafter(value, np.float32(0)) for value in (review, block)]
    scores = np.array([below[0], review, below[1], block], np.float32)
    expected = [Decision.APPROVE, Decision.REVIEW, Decision.REVIEW, Decision.BLOCK]
    decisions = decide(scores, float(review), float(block))
    assert decisions.tolist() == expected
    assert decisions.dtype == np.uint8


def test_thresholds_compare_as_float32():
    assert decide(np.array([0.1], np.float32), 0.1, 0.2).tolist() == [Decision.REVIEW]


def test_empty_scores_have_no_decisions():
    assert decide(np.empty(0, np.float32), 0.1, 0.2).shape == (0,)
