"""Model of the job's settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jobs.operators.loading import MAX_WAIT_S, Loading
from jobs.operators.serving import Serving
from models.scoring.artifact import Artifact, ArtifactError, load_artifact
from models.scoring.loaded_model import LoadedModel
from models.scoring.served_models import ServedModels

if TYPE_CHECKING:
    from jobs.job_config import JobConfig
    from jobs.operators.serving_loader import ServingLoader
    from schemas.registry import SchemaRegistry


class JobModel:
    """Model of the job's settings, which only shards without a deployment in their state need.

    It is loaded before the first batch, so that none waits. That it can't be loaded, or not in time since its folder
    is on a network that hangs, matters where it is needed.

    Parameters
    ----------
    config : JobConfig
    registry : SchemaRegistry
    max_wait_s : float
        Time that the job waits for it.
    """

    def __init__(self, config: JobConfig, registry: SchemaRegistry, max_wait_s: float = MAX_WAIT_S) -> None:
        self._folder = config.model_folder
        self._loading = Loading(partial(self._load, config, registry), "settings-model-loader", max_wait_s)
        self._loading.in_time()

    def serving(self, kept: bytes | None, loader: ServingLoader) -> Serving:
        """Return the models that a shard begins with: this one or, if it can't be loaded, the deployment of its state.

        Parameters
        ----------
        kept : bytes or None
            The deployment in the shard's state.
        loader : ServingLoader

        Raises
        ------
        ArtifactError
            Neither can be loaded in time.
        """
        try:
            if self._loading.in_time():
                return self._loading.future.result()
            refusal = (
                f"Model artifact {self._folder}: expected the folder to be read within {self._loading.max_wait_s:g} s, "
                "got no answer. Check the drive or network that it is on."
            )
        except Exception as error:
            # A network drive fails in many ways; none of them matters where a deployment serves.
            refusal = str(error) or repr(error)
        outcome = None if kept is None else loader.awaited(kept)
        if outcome is not None and outcome.serving is not None:
            return outcome.serving
        also = "no deployment was made" if outcome is None else f"the deployment can't serve ({outcome.refusal})"
        raise ArtifactError(
            f"{refusal} It is needed since {also}: put the folder back, or submit the job again with a model "
            "that exists, from its last checkpoint"
        )

    @staticmethod
    def _load(config: JobConfig, registry: SchemaRegistry) -> Serving:
        return Serving.of(config, registry, ServedModels(models=(LoadedModel.of(load_pinned(config)),)))


def load_pinned(config: JobConfig) -> Artifact:
    """Read the artifact of a job's settings.

    Raises
    ------
    ArtifactError
        It can't serve, or differs from the model that the job was submitted with.
    """
    artifact = load_artifact(config.model_folder)
    pins = {
        "model": (config.model_id, artifact.manifest.model_id),
        "the SHA-256 of manifest.json": (config.model_sha256, artifact.manifest_sha256),
    }
    for name, (expected, got) in pins.items():
        if expected and expected != got:
            raise ArtifactError(
                f"Model artifact {config.model}: expected {name} {expected}, as the job was submitted with, got {got}. "
                "Submit the job again to score with what the folder holds now."
            )
    return artifact
