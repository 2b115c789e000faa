from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.features.table import FEATURES
from models.scoring.artifact import Artifact, ArtifactError, Manifest, load_artifact
from models.scoring.decision import decide
from models.scoring.model import OnnxModel
from schemas.deployment import Served


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedModel:
    """A model that is ready to score.

    Parameters
    ----------
    artifact : Artifact
        With the thresholds that hold.
    onnx : OnnxModel
    """

    artifact: Artifact
    onnx: OnnxModel

    @classmethod
    def of(cls, artifact: Artifact) -> LoadedModel:
        """Return an artifact's model, with the artifact's own thresholds."""
        return cls(artifact=artifact, onnx=OnnxModel(artifact.onnx))

    @property
    def manifest(self) -> Manifest:
        """The artifact's."""
        return self.artifact.manifest


def load_model(served: Served) -> LoadedModel:
    """Load a model from its folder and prove that it is the one meant, and answers here as where it was trained.

    Raises
    ------
    ArtifactError
        The folder holds no such artifact, or another model, or one that scores otherwise than its certificate says.
    """
    loaded = LoadedModel.of(load_artifact(Path(served.location)))
    manifest = loaded.manifest
    meant = {"model": (served.model_id, manifest.model_id), "SHA-256": (served.sha256, manifest.onnx_sha256)}
    for name, (expected, was) in meant.items():
        if expected != was:
            raise ArtifactError(
                f"Model artifact {served.location}: expected {name} {expected}, was {was}. "
                "The folder was written anew since: deploy what it holds now"
            )
    require_self_test(loaded)
    return replace(loaded, artifact=replace(loaded.artifact, manifest=_with_thresholds(manifest, served)))


def require_self_test(loaded: LoadedModel) -> None:
    """Score the certificate's rows, which also warms the session up, and compare with what they gave in training.

    An artifact of an earlier version has no such rows: then a row of zeros must have a probability.

    Raises
    ------
    ArtifactError
        They differ by more than was certified, or in a decision.
    """
    manifest = loaded.manifest
    if manifest.self_test is None:
        score = float(loaded.onnx.score(np.zeros((1, len(FEATURES)), np.float32))[0])
        if not 0 <= score <= 1:
            raise ArtifactError(f"Model {manifest.model_id}: expected a probability of a row of zeros, was {score}")
        return
    expected = np.array(manifest.self_test.scores)
    scores = loaded.onnx.score(manifest.self_test.x())
    difference = float(np.max(np.abs(scores - expected), initial=0.0))
    ours, theirs = (
        decide(some, manifest.review_threshold, manifest.block_threshold)
        for some in (scores, expected.astype(np.float32))
    )
    flips = int(np.count_nonzero(ours != theirs))
    if not difference <= manifest.parity.bound or flips:
        raise ArtifactError(
            f"Model {manifest.model_id}: expected the scores of its self-test within {manifest.parity.bound:.3g}, was "
            f"{difference:.3g} apart with {flips} other decisions. Compare this machine's onnxruntime with the manifest"
        )


def _with_thresholds(manifest: Manifest, served: Served) -> Manifest:
    review = manifest.review_threshold if served.review_threshold is None else served.review_threshold
    block = manifest.block_threshold if served.block_threshold is None else served.block_threshold
    if not 0 <= review <= block:
        raise ArtifactError(
            f"Model {manifest.model_id}: expected a review threshold of 0 to the block threshold, was {review:g} and "
            f"{block:g}. Give both"
        )
    return manifest.model_copy(update={"review_threshold": review, "block_threshold": block})
