from collections.abc import Callable, Mapping

from models.training.candidates.candidate import Balance, Candidate
from models.training.candidates.lightgbm_trees import LightGbm
from models.training.candidates.logistic_regression import Logistic
from models.training.candidates.random_forest import RandomForest
from models.training.candidates.xgboost_trees import XGBoost


def _lightgbm(balance: Balance) -> Candidate:
    return LightGbm(balance=balance)


def _xgboost(balance: Balance) -> Candidate:
    return XGBoost(balance=balance)


def _logistic(balance: Balance) -> Candidate:
    return Logistic(balance=balance)


def _forest(balance: Balance) -> Candidate:
    return RandomForest(balance=balance)


CANDIDATES: Mapping[str, Callable[[Balance], Candidate]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "logistic": _logistic,
    "forest": _forest,
}
"""Every candidate by the name that the command line knows it by."""
