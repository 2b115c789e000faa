"""Commands that start their own stack train a model if there is none, in a folder outside the user's."""

from shutil import copytree

import pytest

from fraudstream.demos import demo
from fraudstream.settings.settings import load_settings
from models.scoring.artifact import ArtifactError, load_artifact
from models.training.training_settings import TrainingSettings
from producers.simulation_config import SimulationConfig
from tests.unit.training.histories import artifact_folder


@pytest.fixture
def settings(tmp_path):
    return load_settings(paths={"state": tmp_path / "state"}, model={"artifact": tmp_path / "artifacts" / "model"})


def test_missing_model_is_trained_outside_the_users_folder_and_reused(settings):
    world = SimulationConfig(seed=1, customers=250, merchants=200, fraud_rate=0.02)
    used = demo.with_model(settings, world, TrainingSettings(seed=1))
    assert not settings.model.artifact.exists()
    assert used.model.artifact.is_relative_to(settings.state.root)
    first = load_artifact(used.model.artifact)
    assert load_artifact(demo.with_model(settings, world).model.artifact) == first


def test_existing_model_is_used(settings):
    copytree(artifact_folder(), settings.model.artifact)
    assert demo.with_model(settings) is settings


def test_broken_model_is_an_error(settings):
    copytree(artifact_folder(), settings.model.artifact)
    (settings.model.artifact / "model.onnx").unlink()
    used = demo.with_model(settings)
    assert used is settings
    with pytest.raises(ArtifactError):
        load_artifact(used.model.artifact)
