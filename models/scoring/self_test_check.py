"""Proof that a loaded model scores as it did in training."""

import numpy as np
from numpy.typing import NDArray

from models.features.row_columns import RowColumns, width_with
from models.features.table import FEATURES
from models.scoring.artifact import ArtifactError, Manifest
from models.scoring.decision import Decision, decide
from models.scoring.model import OnnxModel
from models.scoring.self_test import SelfTest

_LARGEST = 1e15


def edge_rows(row_columns: RowColumns | None) -> NDArray[np.float32]:
    """Return rows of zeros, of missing values and of extremes, (4, F): a model has a probability for any of them."""
    width, declared = width_with(row_columns), () if row_columns is None else row_columns.missing
    missing = [*(feature.missing for feature in FEATURES), *declared]
    return np.array([[0.0] * width, missing, [_LARGEST] * width, [-_LARGEST] * width], np.float32)


MEDIAN = 5
"""Index of the median among a reference's deciles."""


def check_scores(manifest: Manifest, model: OnnxModel) -> None:
    """Score the self-test's rows, which also warms the session up, and compare with their scores in training.

    An artifact of an earlier version has no self-test: then a transaction with the medians of the training's
    validation rows must not be blocked, unless scores of this size were ordinary there.

    Raises
    ------
    ArtifactError
        The scores differ by more than the parity bound, or in a decision, or are no probabilities.
    """
    declared = None if manifest.declared is None else manifest.declared.row_columns
    _require_probabilities(manifest, _score(manifest, model, edge_rows(declared)))
    if manifest.self_test is None:
        _require_ordinary_passes(manifest, model)
    else:
        _require_parity(manifest, manifest.self_test, model)


def _require_parity(manifest: Manifest, test: SelfTest, model: OnnxModel) -> None:
    x, expected = test.x(), np.array(test.scores)
    if x.shape[1] != manifest.width:
        raise ArtifactError(
            f"Model {manifest.model_id}: expected self-test rows of {manifest.width} features, got {x.shape[1]}. "
            "Train the model again: fraudstream train"
        )
    scores = _score(manifest, model, x)
    _require_probabilities(manifest, scores)
    difference = float(np.max(np.abs(scores - expected), initial=0.0))
    ours, theirs = (
        decide(some, manifest.review_threshold, manifest.block_threshold)
        for some in (scores, expected.astype(np.float32))
    )
    flips = int(np.count_nonzero(ours != theirs))
    if not difference <= manifest.parity.bound or flips:
        raise ArtifactError(
            f"Model {manifest.model_id}: expected the scores of its self-test within {manifest.parity.bound:.3g}, got "
            f"{difference:.3g} apart with {flips} other decisions. Compare this machine's onnxruntime with the "
            "manifest's, and train the model again if they are equal: fraudstream train"
        )


def _require_ordinary_passes(manifest: Manifest, model: OnnxModel) -> None:
    known = manifest.reference
    if not known.keys() >= {*manifest.feature_names, "score"}:
        return
    row = np.array([[known[name].deciles[MEDIAN] for name in manifest.feature_names]], np.float32)
    score = _score(manifest, model, row)
    usual = known["score"].deciles[-2]
    blocked = decide(score, manifest.review_threshold, manifest.block_threshold)[0] == Decision.BLOCK
    if blocked and float(score[0]) > usual:
        raise ArtifactError(
            f"Model {manifest.model_id}: expected an ordinary transaction to pass (nine of ten scored {usual:.3g} or "
            f"less in training), got {float(score[0]):.3g}: blocked. Train the model again: fraudstream train"
        )


def _score(manifest: Manifest, model: OnnxModel, x: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        scores = model.score(x)
    except Exception as error:
        # onnxruntime's failures have no class in common below Exception.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise ArtifactError(
            f"Model {manifest.model_id}: expected scores of {len(x)} rows, got: {reason}. "
            "Train the model again: fraudstream train"
        ) from None
    if scores.shape != (len(x),):
        raise ArtifactError(
            f"Model {manifest.model_id}: expected {len(x)} scores, got the shape {scores.shape}. "
            "Train the model again: fraudstream train"
        )
    return scores


def _require_probabilities(manifest: Manifest, scores: NDArray[np.float32]) -> None:
    wrong = ~((scores >= 0) & (scores <= 1))  # a NaN compares false
    if wrong.any():
        raise ArtifactError(
            f"Model {manifest.model_id}: expected probabilities from 0 to 1 for any row, got {scores[wrong][0]}. "
            "Train the model again: fraudstream train"
        )
