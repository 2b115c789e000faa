"""Rows of the training set."""

import numpy as np
import pytest

from models.training.history import replay_history
from models.training.protocol import Transactions
from models.training.split import split_by_time
from models.training.training_set import TrainingSet
from tests.unit.training.histories import SMALL, history


@pytest.fixture(scope="module")
def made():
    transactions = Transactions.of(history())
    split = split_by_time(transactions)
    past = replay_history(history(), transactions, split.risk, lambda *_: None)
    return TrainingSet.of(past, split, lambda *_: None), past, split


def test_each_training_row_is_used_with_full_history_and_with_two_cold_starts(made):
    training_set, past, split = made
    cold = split.train & (past.transactions.event_time_ms >= split.risk_until_ms)
    n, m = np.count_nonzero(split.train), np.count_nonzero(cold)
    assert np.array_equal(training_set.x[training_set.is_warm], past.x[split.train])
    assert len(training_set.x) == len(training_set.is_fraud) == len(training_set.event_time_ms) == n + 2 * m
    for start in (n, n + m):
        assert np.array_equal(training_set.is_fraud[start : start + m], past.transactions.is_fraud[cold])


def test_no_validation_row_is_used_in_training(made):
    training_set, _, split = made
    assert training_set.event_time_ms.max() < split.train_until_ms


def test_held_out_rows_are_later_than_all_training_rows(made):
    training_set, _, _ = made
    fit_rows = training_set.before(0.8)
    assert training_set.event_time_ms[fit_rows].max() < training_set.event_time_ms[~fit_rows].min()
    assert np.mean(fit_rows[training_set.is_warm]) == pytest.approx(0.8, abs=0.001)
    assert training_set.before(1).all()


def test_search_measures_on_rows_later_than_its_training_rows(made):
    measures = made[0].measures(seed=1, threads=1)
    assert [0 < measure(SMALL) <= 1 for measure in measures] == [True, True]
