from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.operators.serving import Serving
from models.scoring.artifact import Artifact, ArtifactError, load_artifact
from models.scoring.loaded_model import LoadedModel
from models.scoring.panel import Panel

if TYPE_CHECKING:
    from jobs.job_config import JobConfig
    from jobs.operators.serving_loader import ServingLoader
    from schemas.registry import SchemaRegistry


class JobModel:
    """Model of the job's settings, which only shards without a deployment in their state need.

    It is loaded before the first batch, so that none waits. That it can't be loaded matters where it is needed.

    Parameters
    ----------
    config : JobConfig
    registry : SchemaRegistry
    """

    def __init__(self, config: JobConfig, registry: SchemaRegistry) -> None:
        self._serving: Serving | None = None
        self._refusal = ""
        try:
            self._serving = Serving.of(config, registry, Panel(models=(LoadedModel.of(load_pinned(config)),)))
        except ArtifactError as error:
            self._refusal = str(error)

    def serving(self, kept: bytes | None, loader: ServingLoader) -> Serving:
        """Return what a shard begins with: this model or, where it can't be loaded, the deployment of its state.

        Parameters
        ----------
        kept : bytes or None
            The deployment in the shard's state.
        loader : ServingLoader

        Raises
        ------
        ArtifactError
            Neither can be loaded.
        """
        if self._serving is not None:
            return self._serving
        outcome = None if kept is None else loader.order(kept).result()
        if outcome is not None and outcome.serving is not None:
            return outcome.serving
        also = "no deployment was made" if outcome is None else f"the deployment can't serve ({outcome.refusal})"
        raise ArtifactError(
            f"{self._refusal} It is needed since {also}: put the folder back, or submit the job again with a model "
            "that exists, from its last checkpoint"
        )


def load_pinned(config: JobConfig) -> Artifact:
    """Read the artifact of a job's settings.

    Raises
    ------
    ArtifactError
        It can't serve, or is another than the one that the job was submitted with.
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
