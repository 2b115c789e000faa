"""Loading and self-test of a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from models.scoring.artifact import Artifact, ArtifactError, Manifest, load_artifact
from models.scoring.model import OnnxModel
from models.scoring.self_test_check import check_scores
from schemas.deployment import Served
from schemas.s3_path import as_path


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedModel:
    """A model that is ready to score."""

    artifact: Artifact
    onnx: OnnxModel

    @classmethod
    def of(cls, artifact: Artifact) -> LoadedModel:
        """Return an artifact's model, with the artifact's own thresholds, once its self-test holds.

        Raises
        ------
        ArtifactError
            It scores otherwise than its manifest says, or gives no probabilities.
        """
        loaded = cls(artifact=artifact, onnx=OnnxModel(artifact.onnx, features=artifact.manifest.width))
        require_self_test(loaded)
        return loaded

    @property
    def manifest(self) -> Manifest:
        """The artifact's."""
        return self.artifact.manifest


def load_model(served: Served) -> LoadedModel:
    """Load a model from its folder and prove that it is the one meant, and answers here as where it was trained.

    Raises
    ------
    ArtifactError
        The folder holds no artifact, or another model, or one whose scores differ from its self-test.
    """
    loaded = LoadedModel.of(load_artifact(as_path(served.location)))
    manifest = loaded.manifest
    meant = {"model": (served.model_id, manifest.model_id), "SHA-256": (served.sha256, manifest.onnx_sha256)}
    for name, (expected, was) in meant.items():
        if expected != was:
            raise ArtifactError(
                f"Model artifact {served.location}: expected {name} {expected}, got {was}. "
                "The folder was overwritten since: deploy its present content"
            )
    return replace(loaded, artifact=replace(loaded.artifact, manifest=_with_thresholds(manifest, served)))


def load_tested(folder: Path) -> Artifact:
    """Read an artifact and prove that it scores here as its manifest says.

    Raises
    ------
    ArtifactError
        It is refused, see `load_artifact` and `LoadedModel.of`: the message names the folder.
    """
    artifact = load_artifact(folder)
    try:
        return LoadedModel.of(artifact).artifact
    except ArtifactError as error:
        raise ArtifactError(f"Model artifact {folder}: {error}") from None


def require_self_test(loaded: LoadedModel) -> None:
    """See `check_scores`."""
    check_scores(loaded.manifest, loaded.onnx)


def _with_thresholds(manifest: Manifest, served: Served) -> Manifest:
    review = manifest.review_threshold if served.review_threshold is None else served.review_threshold
    block = manifest.block_threshold if served.block_threshold is None else served.block_threshold
    if not 0 <= review <= block <= 1:
        raise ArtifactError(
            f"Model {manifest.model_id}: expected a review threshold of 0 to the block threshold, and that up to 1, "
            f"was {review:g} and {block:g}. Give both"
        )
    return manifest.model_copy(update={"review_threshold": review, "block_threshold": block})
