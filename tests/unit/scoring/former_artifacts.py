"""Artifact of version 0.1.0: a model of the former table."""

from pathlib import Path

from models.features.table import FORMER_FEATURES
from models.scoring.artifact import Artifact, load_artifact, write_artifact
from tests.unit.training.histories import former_table_folder

WIDTH = len(FORMER_FEATURES)
NAMES = tuple(feature.name for feature in FORMER_FEATURES)


def former_artifact() -> Artifact:
    """Load a model of the former table."""
    return load_artifact(former_table_folder())


def former_folder(folder: Path) -> Path:
    """Write the artifact to a folder."""
    write_artifact(folder, former_artifact())
    return folder
