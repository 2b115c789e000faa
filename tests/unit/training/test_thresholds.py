"""Choice of thresholds."""

import numpy as np
import pytest

from models.training.metrics import precision_recall
from models.training.thresholds import BLOCK_PRECISION, REVIEW_PRECISION, choose_thresholds

NONE = np.empty(0, np.float32)


def overlapping(rows: int = 20_000):
    generator = np.random.default_rng(5)
    is_fraud = generator.random(rows) < 0.02
    scores = generator.beta(1 + 6 * is_fraud, 8 - 4 * is_fraud).astype(np.float32)
    return is_fraud, scores


def test_review_and_block_reach_their_precision():
    is_fraud, scores = overlapping()
    thresholds = choose_thresholds(is_fraud, scores, NONE)
    assert thresholds.review < thresholds.block
    assert precision_recall(is_fraud, scores, thresholds.review)[0] >= REVIEW_PRECISION
    assert precision_recall(is_fraud, scores, thresholds.block)[0] >= BLOCK_PRECISION


def test_useless_scores_still_give_sorted_thresholds():
    generator = np.random.default_rng(1)
    scores = generator.random(5_000).astype(np.float32)
    thresholds = choose_thresholds(generator.random(5_000) < 0.01, scores, NONE)
    assert thresholds.review <= thresholds.block


def test_equal_scores_flag_everything_or_nothing_without_an_error():
    scores = np.full(100, 0.25, np.float32)
    thresholds = choose_thresholds(np.arange(100) < 3, scores, NONE)
    assert thresholds.review == thresholds.block
    assert 0 < thresholds.review <= 0.25


def test_thresholds_keep_clear_of_other_tested_scores():
    is_fraud = np.array([False] * 50 + [True] * 5)
    scores = np.array([0.2] * 50 + [0.8] * 5, np.float32)
    crowded = np.linspace(0.45, 0.55, 1_001).astype(np.float32)
    thresholds = choose_thresholds(is_fraud, scores, crowded)
    assert np.abs(crowded - np.float32(thresholds.review)).min() > 0.1
    assert precision_recall(is_fraud, scores, thresholds.review) == (1, 1)


def test_thresholds_are_float32_values():
    is_fraud, scores = overlapping()
    thresholds = choose_thresholds(is_fraud, scores, NONE)
    for value in (thresholds.review, thresholds.block):
        assert value == pytest.approx(float(np.float32(value)), abs=0)
