"""The store of models that jobs and deployments name."""

from dataclasses import replace
from pathlib import Path

from fraudstream.settings.settings import Settings
from jobs.job_config import JobConfig
from models.scoring.artifact import Artifact, load_artifact
from models.scoring.declared_check import require_declaration
from models.scoring.loaded_model import load_tested
from models.scoring.model_store import store_artifact


def serving_folder(settings: Settings) -> Path:
    """Return the folder of the models in service, each in a folder of its own.

    On a cluster of yours it is next to model.artifact unless configured otherwise: every TaskManager reads that.
    """
    if settings.models.serving is not None:
        folder = settings.models.serving
    elif settings.flink.rest_url is not None:
        folder = settings.model.artifact.expanduser().absolute().parent / "served-models"
    else:
        folder = settings.state.models / "serving"
    return folder.expanduser().absolute()


def serve_artifact(artifact: Artifact, settings: Settings) -> Path:
    """Copy an artifact to where every TaskManager reads it; return the folder, named after its contents."""
    return store_artifact(artifact, serving_folder(settings))


def pin_model(settings: Settings, config: JobConfig) -> JobConfig:
    """Return a job's settings with the model's copy in the store, its id and its SHA-256; pinned ones as they are.

    Raises
    ------
    ArtifactError
        The model can't serve, or the store can't be written.
    """
    if config.model_sha256:
        return config
    artifact = load_tested(config.model_folder)
    require_declaration(artifact.manifest, config.declared)
    folder = serve_artifact(artifact, settings)
    stored = load_artifact(folder)
    return replace(config, model=str(folder), model_id=stored.manifest.model_id, model_sha256=stored.manifest_sha256)
