"""A small simulated history and the artifact trained on it, made once per test run."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq

from models.features.table import FORMER_FEATURES
from models.scoring.artifact import Artifact, load_artifact
from models.training.fit import LearnerSettings
from models.training.learners.lightgbm_trees import LightGbm
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

SMALL = LightGbm(settings=LearnerSettings(trees=30, min_child_samples=20))


@cache
def history() -> pa.Table:
    """Return about 20,000 transactions of 30 days, 2 % of them fraud."""
    return simulate(SimulationConfig(seed=11, customers=250, merchants=200, fraud_rate=0.02, label_delay_days=2))


@cache
def _folder() -> TemporaryDirectory[str]:
    """Make a folder that is removed when the interpreter ends; the caches refer to it until then."""
    return TemporaryDirectory(prefix="fraudstream-test-")


@cache
def history_file() -> Path:
    """Write `history` to a file in a new folder."""
    path = Path(_folder().name) / "history.parquet"
    pq.write_table(history(), path)
    return path


@cache
def artifact_folder() -> Path:
    """Train on `history_file`."""
    folder = history_file().parent / "model"
    train(history_file(), folder, learner=SMALL)
    return folder


@cache
def customer_folder() -> Path:
    """Train on `history_file` without live features of merchants and devices.

    Its scores do not depend on the order in which different customers' transactions arrive, which on a cluster of
    several shards nobody decides.
    """
    folder = history_file().parent / "customer"
    train(history_file(), folder, TrainingSettings(features="customer"), learner=SMALL)
    return folder


@cache
def former_table_folder() -> Path:
    """Train on `history_file` with the features of version 0.1.0."""
    folder = history_file().parent / "former"
    with patch("models.training.train.width_of", return_value=len(FORMER_FEATURES)):
        train(history_file(), folder, TrainingSettings(features="customer"), learner=SMALL)
    return folder


@cache
def _part_file() -> Path:
    """Write a part of `history` to a file."""
    file = history_file().parent / "part.parquet"
    pq.write_table(history().slice(0, len(history()) * 9 // 10), file)
    return file


@cache
def other_folder() -> Path:
    """Train another model on a part of `history`; its fraud rates by category differ too."""
    folder = history_file().parent / "other"
    train(_part_file(), folder, learner=SMALL)
    return folder


@cache
def other_customer_folder() -> Path:
    """Train `other_folder` without live features of merchants and devices, see `customer_folder`."""
    folder = history_file().parent / "other_customer"
    train(_part_file(), folder, TrainingSettings(features="customer"), learner=SMALL)
    return folder


def customer_artifact() -> Artifact:
    """Load what `customer_folder` holds."""
    return load_artifact(customer_folder())


def artifact() -> Artifact:
    """Load the artifact of `artifact_folder`."""
    return load_artifact(artifact_folder())
