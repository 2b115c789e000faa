"""Artifact of the version before entities: a model of the customer's features alone."""

from functools import cache
from pathlib import Path

from models.features.table import CUSTOMER_FEATURES
from models.scoring.artifact import Artifact, load_artifact, write_artifact
from models.training.train import train
from models.training.training_settings import TrainingSettings
from tests.unit.training.histories import SMALL, history_file

WIDTH = len(CUSTOMER_FEATURES)
NAMES = tuple(feature.name for feature in CUSTOMER_FEATURES)


@cache
def former_artifact() -> Artifact:
    """Train on the columns of the former table."""
    folder = history_file().parent / "former"
    train(history_file(), folder, TrainingSettings(features="customer"), learner=SMALL)
    return load_artifact(folder)


def former_folder(folder: Path) -> Path:
    """Write the artifact to a folder."""
    write_artifact(folder, former_artifact())
    return folder
