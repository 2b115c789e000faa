"""Periods of the evaluation protocol."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from models.training.protocol import Fold, Transactions, day_number, risk_rows, successive
from schemas.durations import DAY_MS

HANDBOOK = Path(__file__).parents[4] / "shared" / "data" / "handbook.parquet"
FIRST = Fold(train_end=date(2018, 8, 1), train_days=7)


def made(*rows, label_days=7):
    """Make transactions from (day of August, customer, is_fraud); day 0 is 31 July."""
    day = np.array([row[0] for row in rows]) + day_number(date(2018, 7, 31))
    return Transactions(
        event_time_ms=day * DAY_MS,
        label_time_ms=(day + label_days) * DAY_MS,
        customer=np.array([row[1] for row in rows]),
        is_fraud=np.array([row[2] for row in rows]),
    )


def test_training_ends_before_train_end_and_starts_train_days_earlier():
    rows = made((-7, 1, False), (-6, 1, False), (0, 1, True), (1, 1, False))
    assert FIRST.train_rows(rows).tolist() == [False, True, True, False]


def test_label_unknown_at_the_start_of_the_test_is_not_used_in_training():
    assert FIRST.train_rows(made((0, 1, True), label_days=8)).tolist() == [True]
    assert FIRST.train_rows(made((0, 1, True), label_days=9)).tolist() == [False]


def test_test_period_lasts_test_days_after_the_delay():
    rows = made((7, 1, False), (8, 1, False), (14, 1, True), (15, 1, False))
    assert FIRST.test_rows(rows).tolist() == [False, True, True, False]


def test_card_with_a_fraud_in_the_last_training_week_is_not_tested():
    rows = made((-7, 1, True), (-6, 2, True), (8, 1, False), (8, 2, False))
    long = Fold(train_end=date(2018, 8, 1), train_days=60)
    for fold in (FIRST, long):
        assert fold.test_rows(rows)[2:].tolist() == [True, False]


def test_fraud_of_the_delay_period_counts_from_the_test_day_on_which_it_is_known():
    # A fraud on 2 August, train_end + 1, is known on test day 2, the 10th, and later.
    rows = made((2, 1, True), (9, 1, False), (10, 1, False), (14, 1, False))
    assert FIRST.test_rows(rows).tolist() == [False, True, False, False]


def test_folds_follow_each_other_by_a_week():
    assert [fold.train_end.day for fold in successive(FIRST, 4)] == [1, 8, 15, 22]


def test_risk_tables_learn_what_was_known_before_any_training():
    rows = made((-14, 1, True), (-13, 1, True), (-6, 1, False))
    assert risk_rows(successive(FIRST, 2), rows).tolist() == [True, True, False]
    assert risk_rows([FIRST], made((-12, 1, True))).tolist() == [False]


@pytest.mark.skipif(not HANDBOOK.exists(), reason=f"the benchmark file {HANDBOOK} is not there")
def test_first_fold_of_the_handbook_has_the_published_rows():
    columns = ["customer_id", "event_time", "label_time", "is_fraud"]
    rows = Transactions.of(pq.read_table(HANDBOOK, columns=columns))
    train, test = FIRST.train_rows(rows), FIRST.test_rows(rows)
    assert (train.sum(), rows.is_fraud[train].sum()) == (67_240, 598)
    assert (test.sum(), rows.is_fraud[test].sum()) == (58_264, 385)
