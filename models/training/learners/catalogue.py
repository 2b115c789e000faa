"""Learners by name."""

from collections.abc import Callable, Mapping

from models.training.learners.learner import Balance, Learner
from models.training.learners.lightgbm_trees import LightGbm
from models.training.learners.logistic_regression import Logistic
from models.training.learners.random_forest import RandomForest
from models.training.learners.xgboost_trees import XGBoost


def _lightgbm(balance: Balance) -> Learner:
    return LightGbm(balance=balance)


def _xgboost(balance: Balance) -> Learner:
    return XGBoost(balance=balance)


def _logistic(balance: Balance) -> Learner:
    return Logistic(balance=balance)


def _forest(balance: Balance) -> Learner:
    return RandomForest(balance=balance)


LEARNERS: Mapping[str, Callable[[Balance], Learner]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "logistic": _logistic,
    "forest": _forest,
}
"""Learners by their names on the command line."""
