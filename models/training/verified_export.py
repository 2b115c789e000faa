"""Export of a classifier whose ONNX graph is checked against the library."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import Parity
from models.scoring.model import OnnxModel
from models.scoring.self_test import SelfTest
from models.training.learners.learner import TrainedModel
from models.training.parity import check_parity, edge_case_rows
from models.training.thresholds import Thresholds, choose_thresholds

START_ROWS = 20_000
"""Validation rows that the rows at the splits are made from."""


class VerifiedExport(NamedTuple):
    """Exported classifier that scores as the trained one.

    Parameters
    ----------
    scores : ndarray of float32, (n,)
        Scores of the validation rows, as the job computes them.
    self_test : SelfTest
        Some of the rows that it was checked on.
    """

    onnx: bytes
    scores: NDArray[np.float32]
    thresholds: Thresholds
    parity: Parity
    self_test: SelfTest


def export_verified(
    fitted: TrainedModel, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int
) -> VerifiedExport:
    """Export a classifier, choose its thresholds, and check ONNX against the library that trained it.

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
        Validation rows.
    is_fraud : ndarray of bool, (n,)
        At least one fraud.
    seed : int
        Seed of the edge case rows.

    Raises
    ------
    UserError
        The two differ by more than rounding, or in a decision.
    """
    onnx = fitted.export().SerializeToString(deterministic=True)
    at_thresholds, edge_cases = fitted.threshold_rows(x[:START_ROWS]), edge_case_rows(x, seed)
    rows = np.concatenate([x, at_thresholds, edge_cases[fitted.accepts(edge_cases)]])
    scores, expected = OnnxModel(onnx, features=x.shape[1]).score(rows), fitted.probability(rows)
    ordinary, made = scores[: len(x)], scores[len(x) :]
    thresholds = choose_thresholds(is_fraud, ordinary, made)
    parity = check_parity(
        expected=expected,
        scores=scores,
        threshold_rows=len(at_thresholds),
        review=thresholds.review,
        block=thresholds.block,
        bound=fitted.bound,
    )
    return VerifiedExport(onnx, ordinary, thresholds, parity, SelfTest.of(rows, expected))
