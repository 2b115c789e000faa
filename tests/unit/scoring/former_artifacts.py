"""Artifact of the version before entities: a model of the customer's features alone."""

from pathlib import Path

from models.features.table import CUSTOMER_FEATURES
from models.scoring.artifact import Artifact, load_artifact, write_artifact
from tests.unit.training.histories import customer_folder

WIDTH = len(CUSTOMER_FEATURES)
NAMES = tuple(feature.name for feature in CUSTOMER_FEATURES)


def former_artifact() -> Artifact:
    """Load a model of the former table."""
    return load_artifact(customer_folder())


def former_folder(folder: Path) -> Path:
    """Write the artifact to a folder."""
    write_artifact(folder, former_artifact())
    return folder
