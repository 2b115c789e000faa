"""A better and a worse model of `histories.history_file`, made once per test run."""

from functools import cache
from pathlib import Path

from models.training.fit import LearnerSettings
from models.training.learners.lightgbm_trees import LightGbm
from models.training.train import train
from tests.unit.training.histories import history_file

BETTER = LightGbm(settings=LearnerSettings(trees=60, min_child_samples=20))
WORSE = LightGbm(settings=LearnerSettings(trees=2, leaves=3, min_child_samples=20))


@cache
def _trained(name: str, learner: LightGbm) -> Path:
    folder = history_file().parent / name
    train(history_file(), folder, learner=learner)
    return folder


def better_folder() -> Path:
    """Train with twice the trees."""
    return _trained("better", BETTER)


def worse_folder() -> Path:
    """Train with two trees of three leaves."""
    return _trained("worse", WORSE)
