"""Bootstrap intervals of metric differences."""

import numpy as np
import pytest

from models.promotion.comparison import Answers
from models.promotion.resampled import AVERAGE_PRECISION, Resampled, _Ranked
from models.training.metrics import alert_threshold, pr_auc, precision_recall
from tests.unit.promotion.comparisons import comparison, manifest


@pytest.fixture(scope="module")
def worse():
    rows = comparison(noise=0.1)
    return rows, Resampled.of(rows, resamples=100)


def test_metrics_are_those_of_training(worse):
    rows, resampled = worse
    scores, is_fraud = rows.challenger.scores, rows.is_fraud
    precision, recall = precision_recall(is_fraud, scores, rows.challenger.manifest.review_threshold)
    _, at_1pct = precision_recall(is_fraud, scores, alert_threshold(scores))
    assert resampled.challenger == pytest.approx(
        {
            AVERAGE_PRECISION: pr_auc(is_fraud, scores),
            "recall at 1% alerts": at_1pct,
            "recall from its review threshold": recall,
            "precision from its review threshold": precision,
            "share alerted": np.mean(scores >= np.float32(rows.challenger.manifest.review_threshold)),
        }
    )


def test_weighted_rows_count_as_if_they_were_repeated():
    generator = np.random.default_rng(5)
    scores = np.round(generator.random(300), 1).astype(np.float32)  # many are equal
    is_fraud, weights = generator.random(300) < 0.2, generator.integers(0, 4, 300)
    answers = Answers.of(manifest(), scores)
    repeated = Answers.of(manifest(), np.repeat(scores, weights))
    whole = _Ranked(repeated, np.repeat(is_fraud, weights)).metrics(np.ones(int(weights.sum()), np.int64))
    assert _Ranked(answers, is_fraud).metrics(weights) == pytest.approx(whole)


def test_model_compared_with_itself_differs_in_no_draw():
    resampled = Resampled.of(comparison(), resamples=50)
    assert resampled.lower_bound(AVERAGE_PRECISION, 0.95) == 0 == resampled.difference(AVERAGE_PRECISION)


def test_worse_model_is_worse_at_the_confidence_bound_too(worse):
    _, resampled = worse
    lower, upper = resampled.interval(AVERAGE_PRECISION, 0.9)[2]
    assert lower < resampled.difference(AVERAGE_PRECISION) < upper < 0
    assert resampled.lower_bound(AVERAGE_PRECISION, 0.95) == pytest.approx(lower)


def test_same_seed_gives_the_same_bounds(worse):
    rows, resampled = worse
    again = Resampled.of(rows, resamples=100)
    assert again.lower_bound(AVERAGE_PRECISION, 0.95) == resampled.lower_bound(AVERAGE_PRECISION, 0.95)
