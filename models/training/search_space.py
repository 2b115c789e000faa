"""Search spaces of the learners."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple, cast

from optuna import Trial

from models.training.fit import LearnerSettings
from models.training.learners.learner import Balance, Learner
from models.training.learners.lightgbm_trees import LightGbm
from models.training.learners.logistic_regression import Logistic
from models.training.learners.random_forest import RandomForest
from models.training.learners.xgboost_trees import XGBoost


class SearchSpace(NamedTuple):
    """Search space of a learner: function that suggests settings to a trial, and the first settings to try."""

    suggest: Callable[[Trial], Learner]
    first: Mapping[str, Any]


def _boosting(trial: Trial) -> dict[str, Any]:
    """Suggest the settings that both boosting libraries have."""
    return {
        "trees": trial.suggest_int("trees", 50, 600, step=50),
        "rate": trial.suggest_float("rate", 0.01, 0.2, log=True),
        "leaves": trial.suggest_int("leaves", 4, 64, log=True),
        "l2": trial.suggest_float("l2", 0.1, 100.0, log=True),
        "columns": trial.suggest_float("columns", 0.2, 1.0),
        "rows": trial.suggest_float("rows", 0.5, 1.0),
    }


def _balance(trial: Trial) -> Balance:
    return cast(Balance, trial.suggest_categorical("balance", ["none", "weights"]))


def _lightgbm(trial: Trial) -> Learner:
    min_child_samples = trial.suggest_int("min_child_samples", 5, 300, log=True)
    return LightGbm(
        settings=LearnerSettings(min_child_samples=min_child_samples, **_boosting(trial)), balance=_balance(trial)
    )


def _xgboost(trial: Trial) -> Learner:
    min_child_weight = trial.suggest_float("min_child_weight", 0.1, 30.0, log=True)
    return XGBoost(min_child_weight=min_child_weight, **_boosting(trial), balance=_balance(trial))


def _logistic(trial: Trial) -> Learner:
    return Logistic(c=trial.suggest_float("c", 1e-4, 100.0, log=True), balance=_balance(trial))


def _forest(trial: Trial) -> Learner:
    return RandomForest(
        trees=trial.suggest_int("trees", 100, 400, step=50),
        min_child_samples=trial.suggest_int("min_child_samples", 1, 50, log=True),
        columns=trial.suggest_float("columns", 0.1, 1.0),
        balance=_balance(trial),
    )


SEARCH_SPACES: Mapping[str, SearchSpace] = {
    "lightgbm": SearchSpace(_lightgbm, {**asdict(LightGbm().settings), "balance": "none"}),
    "xgboost": SearchSpace(_xgboost, asdict(XGBoost())),
    "logistic": SearchSpace(_logistic, asdict(Logistic())),
    "forest": SearchSpace(_forest, asdict(RandomForest())),
}
"""Search spaces by name in `LEARNERS`."""
