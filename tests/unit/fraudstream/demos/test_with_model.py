"""Commands that start stacks of their own need no model: they train one, in a folder of their own."""

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


def test_without_a_model_one_is_trained_outside_the_users_folder_and_kept(settings):
    world = SimulationConfig(seed=1, customers=250, merchants=200, fraud_rate=0.02)
    own = demo.with_model(settings, world, TrainingSettings(seed=1))
    assert not settings.model.artifact.exists()
    assert own.model.artifact.is_relative_to(settings.state.root)
    first = load_artifact(own.model.artifact)
    assert load_artifact(demo.with_model(settings, world).model.artifact) == first


def test_a_model_that_is_there_is_taken(settings):
    copytree(artifact_folder(), settings.model.artifact)
    assert demo.with_model(settings) is settings


def test_a_model_that_is_there_but_broken_is_not_passed_over(settings):
    copytree(artifact_folder(), settings.model.artifact)
    (settings.model.artifact / "model.onnx").unlink()
    own = demo.with_model(settings)
    assert own is settings
    with pytest.raises(ArtifactError):
        load_artifact(own.model.artifact)
