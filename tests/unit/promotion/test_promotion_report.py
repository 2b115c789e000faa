"""Report of a promotion."""

from dataclasses import replace

import numpy as np

from models.promotion.gates import Gate
from models.promotion.report import flip_counts, promotion_report
from models.promotion.resampled import Resampled
from models.training.report import render
from tests.unit.promotion.comparisons import comparison

GATES = [Gate(name="latency", passed=False, expected="at most 25 us", was="31 <us>")]


def test_report_shows_gates_metrics_with_intervals_flips_and_charts():
    rows = comparison(noise=0.1)
    page = render(promotion_report(rows, Resampled.of(rows, resamples=50), GATES, 0.95))
    assert "FAILED" in page
    assert "31 &lt;us&gt;" in page
    assert "average precision" in page
    assert "APPROVE to REVIEW" in page
    assert page.count("<svg") == 4
    assert f"{rows.frauds:,} of them frauds" in page


def test_changes_of_decision_add_up_to_the_flips():
    rows = comparison(noise=0.1)
    counts = flip_counts(rows)
    assert sum(counts.values()) == round(rows.flips * len(rows)) > 0
    assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_report_without_labels_states_it():
    rows = comparison(300)
    nothing = np.zeros(300, np.bool_)
    page = render(promotion_report(replace(rows, labelled=nothing, is_fraud=nothing), None, GATES, 0.95))
    assert "no transaction is labelled" in page
    assert "none changes" in page
    assert page.count("<svg") == 3
