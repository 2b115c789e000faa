"""The model in the job's settings is the submitted one, and is needed only where no deployment is served."""

from dataclasses import replace
from shutil import copytree, rmtree
from threading import Event

import pytest

from jobs.operators import job_model
from jobs.operators.job_model import JobModel, load_pinned
from jobs.operators.serving import Serving
from jobs.operators.serving_loader import ServingLoader
from models.scoring.artifact import ArtifactError, load_artifact
from schemas import avro_schemas
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry, value_subject
from tests.unit.jobs.job_configs import job_config
from tests.unit.scoring.deployments import deployment, named
from tests.unit.training.histories import customer_folder, other_folder

REGISTRY = FileRegistry()


@pytest.fixture
def folder(tmp_path):
    return copytree(customer_folder(), tmp_path / "model")


@pytest.fixture
def pinned(folder):
    artifact = load_artifact(folder)
    pins = {"model_id": artifact.manifest.model_id, "model_sha256": artifact.manifest_sha256}
    return job_config(model=str(folder), **pins)


@pytest.fixture
def codec():
    return RecordCodec(avro_schemas.CONTROL, value_subject(job_config().topics.control), REGISTRY)


@pytest.fixture
def loader(codec):
    return ServingLoader(codec, lambda deployment: Serving.load(job_config(), REGISTRY, deployment))


def test_model_other_than_the_submitted_one_is_refused(pinned, folder):
    copytree(other_folder(), folder, dirs_exist_ok=True)
    with pytest.raises(ArtifactError, match=r"expected model fraud-\w+, as the job was submitted with, got fraud-\w+"):
        load_pinned(pinned)


def test_another_manifest_of_the_same_model_is_refused(pinned, folder):
    file = folder / "manifest.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(ArtifactError, match=r"expected the SHA-256 of manifest\.json"):
        load_pinned(pinned)


def test_settings_of_an_earlier_version_are_accepted_without_pins(pinned, folder):
    copytree(other_folder(), folder, dirs_exist_ok=True)
    assert load_pinned(replace(pinned, model_id="", model_sha256="")) == load_artifact(other_folder())


def test_shard_without_deployment_begins_with_the_settings_model(pinned, loader):
    serving = JobModel(pinned, REGISTRY).serving(None, loader)
    assert serving.ensemble.models[0].manifest.model_id == pinned.model_id


def test_missing_settings_model_does_not_matter_to_a_shard_with_a_deployment(pinned, folder, codec, loader):
    rmtree(folder)
    kept = codec.encode(deployment(named(other_folder())).to_record())
    serving = JobModel(pinned, REGISTRY).serving(kept, loader)
    assert serving.ensemble.models[0].artifact == load_artifact(other_folder())


def test_missing_settings_model_is_reported_with_what_to_do_where_it_is_needed(pinned, folder, loader):
    rmtree(folder)
    model = JobModel(pinned, REGISTRY)
    with pytest.raises(ArtifactError, match="It is needed since no deployment was made: put the folder back"):
        model.serving(None, loader)


def test_missing_settings_model_is_reported_where_the_deployment_fails_too(pinned, folder, tmp_path, codec, loader):
    kept = codec.encode(deployment(named(other_folder(), location=str(tmp_path / "gone"))).to_record())
    rmtree(folder)
    model = JobModel(pinned, REGISTRY)
    with pytest.raises(ArtifactError, match=r"the deployment can't serve \(Model artifact"):
        model.serving(kept, loader)


@pytest.fixture
def hanging(monkeypatch):
    """Let the settings' model load once the event is set."""
    may_load = Event()

    def load(config):
        may_load.wait(60)
        return load_pinned(config)

    monkeypatch.setattr(job_model, "load_pinned", load)
    yield may_load
    may_load.set()


@pytest.mark.usefixtures("hanging")
def test_hanging_folder_of_the_settings_model_does_not_matter_to_a_shard_with_a_deployment(pinned, codec, loader):
    kept = codec.encode(deployment(named(other_folder())).to_record())
    model = JobModel(pinned, REGISTRY, max_wait_s=0)
    assert model.serving(kept, loader).ensemble.models[0].artifact == load_artifact(other_folder())


@pytest.mark.usefixtures("hanging")
def test_hanging_folder_of_the_settings_model_is_named_where_it_is_needed(pinned, loader):
    model = JobModel(pinned, REGISTRY, max_wait_s=0)
    with pytest.raises(
        ArtifactError, match=f"{pinned.model}: expected the folder to be read within 0 s, got no answer"
    ):
        model.serving(None, loader)


def test_late_settings_model_is_used_by_shards_that_start_after_it(pinned, loader, hanging):
    model = JobModel(pinned, REGISTRY, max_wait_s=0)
    hanging.set()
    model._loading.future.result(60)
    assert model.serving(None, loader).ensemble.models[0].manifest.model_id == pinned.model_id


def test_both_hanging_folders_are_named(pinned, codec, hanging):
    kept = codec.encode(deployment(named(other_folder())).to_record())
    loader = ServingLoader(codec, lambda _deployment: hanging.wait(60), max_wait_s=0)
    with pytest.raises(ArtifactError) as error:
        JobModel(pinned, REGISTRY, max_wait_s=0).serving(kept, loader)
    assert pinned.model in str(error.value)
    assert str(other_folder()) in str(error.value)
