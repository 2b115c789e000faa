"""A small learner and folds on the simulated history."""

from datetime import timedelta

from models.training.evaluation import EvaluationSettings
from models.training.fit import LearnerSettings
from models.training.learners.lightgbm_trees import LightGbm
from tests.unit.training.histories import history

SMALL = LightGbm(settings=LearnerSettings(trees=10, min_child_samples=20))


def first_day():
    return history()["event_time"][0].as_py().date()


def settings():
    """Return folds that test on days 9 to 15 for validation, then on 16 to 22 and 23 to 29."""
    return EvaluationSettings(
        train_end=first_day() + timedelta(days=14),
        train_days=7,
        delay_days=2,
        folds=2,
        validation_folds=1,
        validation_days_before=7,
    )
