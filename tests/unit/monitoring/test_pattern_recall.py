"""Recall of a fraud pattern by day."""

import numpy as np
import pytest

from models.monitoring.pattern_recall import DAY_MS, PatternRecall

ROWS = 1_000


def measured(**changes) -> PatternRecall:
    """Measure two days of 1,000 rows, 20 of them of the pattern; the new model scores the second day."""
    pattern = np.tile(np.arange(ROWS) % 50 == 0, 2)
    scores = np.tile(np.linspace(0, 0.5, ROWS), 2).astype(np.float32)
    first_ten = np.flatnonzero(pattern[ROWS:])[:10] + ROWS
    scores[first_ten] = 0.9  # exactly the 1 % that may be alerted
    rows = {
        "event_time_ms": np.repeat([0, DAY_MS], ROWS),
        "scores": scores,
        "is_pattern": pattern,
        "by_new": np.repeat([False, True], ROWS),
        "since_ms": 0,
        **changes,
    }
    return PatternRecall.of(**rows)


def test_recall_of_each_model_is_measured_at_the_same_alert_rate():
    found = measured()
    assert (found.before, found.after) == (0.0, 0.5)
    assert [(day.day, day.frauds, day.recall) for day in found.days] == [(0, 20, 0.0), (1, 20, 0.5)]


def test_higher_scores_alone_do_not_raise_recall():
    scores = np.tile(np.linspace(0, 0.5, ROWS), 2).astype(np.float32)
    scores[ROWS:] += 0.4
    found = measured(scores=scores)
    assert found.after == found.before


def test_rows_before_the_pattern_do_not_count():
    found = measured(since_ms=DAY_MS)
    assert (found.before, found.after) == (0.0, 0.5)
    assert [day.day for day in found.days] == [1]


@pytest.mark.parametrize("by_new", [True, False])
def test_model_without_scores_has_no_recall(by_new):
    found = measured(by_new=np.repeat(by_new, 2 * ROWS))
    assert min(found.before, found.after) == 0.0
