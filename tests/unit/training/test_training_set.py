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


def test_each_training_row_is_taught_as_it_was_and_as_two_cold_starts_saw_it(made):
    lessons, past, split = made
    cold = split.train & (past.transactions.event_time_ms >= split.risk_until_ms)
    n, m = np.count_nonzero(split.train), np.count_nonzero(cold)
    assert np.array_equal(lessons.x[lessons.is_warm], past.x[split.train])
    assert len(lessons.x) == len(lessons.is_fraud) == len(lessons.event_time_ms) == n + 2 * m
    for start in (n, n + m):
        assert np.array_equal(lessons.is_fraud[start : start + m], past.transactions.is_fraud[cold])


def test_no_row_of_the_validation_is_taught(made):
    lessons, _, split = made
    assert lessons.event_time_ms.max() < split.train_until_ms


def test_held_out_rows_are_later_than_all_that_are_taught(made):
    lessons, _, _ = made
    fit_rows = lessons.before(0.8)
    assert lessons.event_time_ms[fit_rows].max() < lessons.event_time_ms[~fit_rows].min()
    assert np.mean(fit_rows[lessons.is_warm]) == pytest.approx(0.8, abs=0.001)
    assert lessons.before(1).all()


def test_a_search_measures_on_rows_that_follow_those_it_trains_on(made):
    measures = made[0].measures(seed=1, threads=1)
    assert [0 < measure(SMALL) <= 1 for measure in measures] == [True, True]
