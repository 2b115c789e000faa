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


CANDIDATES: Mapping[str, Callable[[Balance], Learner]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "logistic": _logistic,
    "forest": _forest,
}
"""Every candidate by the name that the command line knows it by."""
