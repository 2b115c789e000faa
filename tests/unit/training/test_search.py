"""Search for learner settings."""

from dataclasses import asdict, replace

import pytest

from models.training import evaluate
from models.training.evaluate import evaluate_prepared, prepare, validation_measures
from models.training.learners.catalogue import LEARNERS
from models.training.search import search
from models.training.search_space import SEARCH_SPACES
from schemas.errors import UserError
from tests.unit.training.evaluation_folds import settings
from tests.unit.training.histories import history_file

LOGISTIC = replace(settings(), model="logistic")


@pytest.fixture(scope="module")
def prepared():
    return prepare(history_file(), LOGISTIC, lambda *_: None)


def measures(prepared):
    return validation_measures(prepared, LOGISTIC)


class Clock:
    """Clock that advances one second per reading."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1
        return self.now


def test_search_stops_when_the_time_is_up(prepared):
    reported = []
    found = search(
        "logistic", measures(prepared), seed=7, seconds=3, clock=Clock(), progress=lambda *now: reported.append(now[1:])
    )
    assert found.trials == 3
    assert reported == [(1, 3), (2, 3), (3, 3)]


def test_search_tries_the_default_settings_first(prepared):
    found = search("logistic", measures(prepared), seed=7, seconds=0, clock=Clock())
    assert found.trials == 1
    assert found.learner == LEARNERS["logistic"]("none")
    plain = evaluate_prepared(prepared, found.learner, LOGISTIC)
    assert found.value == found.first_value == plain.summary("validation")["average_precision"]


def test_same_seed_finds_the_same_settings(prepared):
    first, second = (search("logistic", measures(prepared), seed=7, seconds=1e9, max_trials=12) for _ in range(2))
    assert first == second
    assert first.value >= first.first_value
    assert first.trials == 12


def test_search_does_not_use_the_test_folds(prepared):
    later = replace(prepared.transactions, is_fraud=prepared.transactions.is_fraud.copy())
    end = settings().periods()[0][1].test_end
    tested = prepared.transactions.day >= (end - evaluate.EPOCH).days
    later.is_fraud[tested] = ~later.is_fraud[tested]
    found = [
        search("logistic", measures(p), seed=7, seconds=1e9, max_trials=3)
        for p in (prepared, replace(prepared, transactions=later))
    ]
    assert found[0] == found[1]


def test_search_without_validation_folds_is_refused():
    with pytest.raises(UserError, match="expected validation folds"):
        search("logistic", [], seed=7, seconds=1)


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_every_learner_has_a_search_space_with_its_default(name):
    from optuna.trial import FixedTrial

    learner = SEARCH_SPACES[name].suggest(FixedTrial(dict(SEARCH_SPACES[name].first)))
    assert asdict(learner) == asdict(LEARNERS[name]("none"))
