"""Metrics of scores against labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from models.training.metrics import (
    alert_threshold,
    auc_roc,
    best_f1,
    brier_score,
    calibration_bins,
    calibration_error,
    card_precision,
    lowest_cost,
    pr_auc,
    precision_at_recall,
    precision_recall,
    recall_at_false_positive_rate,
    recall_by_scenario,
    value_recall_at_false_positive_rate,
)

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)


@given(rows=ROWS)
def test_pr_auc_equals_average_precision_of_scikit_learn(rows):
    is_fraud = np.array([row[0] for row in rows])
    scores = np.array([row[1] / 5 for row in rows], np.float32)
    if is_fraud.any():
        assert pr_auc(is_fraud, scores) == pytest.approx(average_precision_score(is_fraud, scores))
    else:
        assert pr_auc(is_fraud, scores) == 0


def test_precision_and_recall_include_the_threshold_itself():
    is_fraud, scores = np.array([True, False, True]), np.array([0.5, 0.5, 0.4], np.float32)
    assert precision_recall(is_fraud, scores, 0.5) == (0.5, 0.5)


def test_at_most_one_percent_of_the_transactions_is_alerted():
    scores = np.arange(400, dtype=np.float32)
    assert np.count_nonzero(scores >= alert_threshold(scores)) == 4
    scores[-6:-3] = scores[-4]
    assert np.count_nonzero(scores >= alert_threshold(scores)) == 3


def test_equal_scores_are_alerted_together():
    assert alert_threshold(np.ones(400, np.float32)) == np.inf
    assert alert_threshold(np.ones(0, np.float32)) == np.inf


def test_metrics_without_flagged_rows_are_zero():
    assert precision_recall(np.array([True]), np.array([0.1], np.float32), 0.5) == (0, 0)


def test_recall_by_scenario_counts_only_frauds():
    scenario = np.array(["burst", None, "spree", "burst"], object)
    is_fraud = np.array([True, False, True, True])
    scores = np.array([0.9, 0.9, 0.1, 0.1], np.float32)
    assert recall_by_scenario(is_fraud, scores, scenario, 0.5) == {"burst": 0.5, "spree": 0.0}


FRAUD = np.array([True, False, True, False, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.7, 0.1], np.float32)
"""Flagging from 0.9: 1 of 1; from 0.8: 1 of 2; from 0.7: 2 of 4; from 0.1: 2 of 5."""


@given(rows=ROWS)
def test_auc_roc_equals_that_of_scikit_learn(rows):
    is_fraud = np.array([row[0] for row in rows])
    scores = np.array([row[1] / 5 for row in rows], np.float32)
    if is_fraud.any() and not is_fraud.all():
        assert auc_roc(is_fraud, scores) == pytest.approx(roc_auc_score(is_fraud, scores))
    else:
        assert auc_roc(is_fraud, scores) == 0.5


def test_auc_roc_counts_a_tie_as_half():
    # Six pairs of fraud and genuine: 3 won by the first fraud, 1 won and 1 tied by the second.
    assert auc_roc(FRAUD, SCORES) == pytest.approx(4.5 / 6)


def test_precision_at_recall_is_that_of_the_best_threshold_with_enough_recall():
    assert precision_at_recall(FRAUD, SCORES, 0.9) == 0.5
    assert precision_at_recall(FRAUD, SCORES, 0.5) == 1.0


def test_recall_at_false_positive_rate_stays_below_the_rate():
    assert recall_at_false_positive_rate(FRAUD, SCORES, 0.01) == 0.5
    assert recall_at_false_positive_rate(FRAUD, SCORES, 2 / 3) == 1.0


def test_recall_is_zero_if_the_best_score_is_a_genuine_row():
    assert recall_at_false_positive_rate(np.array([False, True]), np.array([0.9, 0.1], np.float32)) == 0


def test_value_recall_weighs_frauds_by_their_amount():
    amount = np.array([100, 1, 8, 1, 1], np.float32)
    lost = amount[FRAUD].sum()
    assert value_recall_at_false_positive_rate(FRAUD, SCORES, amount, 0.01) == pytest.approx(100 / lost)
    assert value_recall_at_false_positive_rate(FRAUD, SCORES, amount, 2 / 3) == 1.0
    assert value_recall_at_false_positive_rate(FRAUD, SCORES, np.zeros(5, np.float32)) == 0


@given(rows=st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=40))
def test_value_recall_equals_the_best_of_all_thresholds(rows):
    is_fraud, scores, amount = (np.array(column) for column in zip(*rows, strict=True))
    scores, amount = scores.astype(np.float32), amount.astype(np.float32)
    genuine, lost = np.count_nonzero(~is_fraud), amount[is_fraud].sum()
    kept = [t for t in np.unique(scores) if np.count_nonzero(~is_fraud & (scores >= t)) <= 0.3 * genuine]
    best = max((amount[is_fraud & (scores >= t)].sum() for t in kept), default=0) / lost if lost else 0
    assert value_recall_at_false_positive_rate(is_fraud, scores, amount, 0.3) == pytest.approx(best)


def test_best_f1_by_hand():
    # From 0.9: precision 1, recall 1/2, F1 2/3; from 0.7: 1/2 and 1, F1 2/3 too.
    assert best_f1(FRAUD, SCORES) == pytest.approx(2 / 3)


def test_cost_weighs_missed_amounts_against_reviews():
    amount = np.array([100, 1, 8, 1, 1], np.float32)
    # From 0.9: 8 missed + 1 review; from 0.7: nothing missed + 4 reviews; none: 108 missed.
    assert lowest_cost(FRAUD, SCORES, amount, review_cost=5) == 13
    assert lowest_cost(FRAUD, SCORES, amount, review_cost=1) == 4
    assert lowest_cost(FRAUD, SCORES, amount, review_cost=1000) == 108


def test_metrics_without_frauds_are_zero():
    none, scores = np.zeros(2, np.bool_), np.array([0.2, 0.1], np.float32)
    assert (
        precision_at_recall(none, scores) == recall_at_false_positive_rate(none, scores) == best_f1(none, scores) == 0
    )
    assert lowest_cost(none, scores, np.ones(2, np.float32)) == 0


def test_card_precision_leaves_out_cards_detected_on_an_earlier_day():
    day = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    card = np.array([1, 1, 2, 3, 1, 2, 3, 4])
    is_fraud = np.array([True, False, False, True, True, True, True, False])
    scores = np.array([0.1, 0.9, 0.8, 0.2, 0.9, 0.3, 0.2, 0.8], np.float32)
    # Day 0: cards 1 (0.9, fraud) and 2 (genuine) come first: 1/2, card 1 found, card 3 missed.
    # Day 1 without card 1: cards 4 (genuine) and 2 (fraud): 1/2.
    assert card_precision(day, card, is_fraud, scores, 2) == 0.5
    # Of the first one: card 1 on day 0, then card 4: 1 and 0.
    assert card_precision(day, card, is_fraud, scores, 1) == 0.5
    # Day 0: 1 and 3 found of 4; day 1: 2 of 2 and 4: 1/4. A day of three cards counts as of four.
    assert card_precision(day, card, is_fraud, scores, 4) == (2 / 4 + 1 / 4) / 2


def test_card_precision_uses_the_label_of_a_card_even_if_another_row_scores_highest():
    assert (
        card_precision(np.zeros(2, int), np.zeros(2, int), np.array([True, False]), np.array([0, 1], np.float32), 1)
        == 1
    )


def test_brier_score_by_hand():
    assert brier_score(np.array([True, False]), np.array([0.5, 0.25], np.float32)) == (0.25 + 0.0625) / 2


def test_calibration_error_weighs_bins_by_their_rows():
    is_fraud = np.array([False, False, True, True])
    probability = np.array([0.25, 0.25, 0.25, 1.0], np.float32)
    promised, observed, rows = calibration_bins(is_fraud, probability)
    assert (promised.tolist(), rows.tolist()) == ([0.25, 1.0], [3, 1])
    assert observed == pytest.approx([1 / 3, 1])
    assert calibration_error(is_fraud, probability) == pytest.approx(3 / 4 * (1 / 3 - 0.25))
