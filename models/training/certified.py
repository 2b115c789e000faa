from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import Parity
from models.scoring.model import OnnxModel
from models.scoring.self_test import SelfTest
from models.training.learners.learner import TrainedModel
from models.training.parity import edge_case_rows, prove_parity
from models.training.thresholds import Thresholds, choose_thresholds

START_ROWS = 20_000
"""How many validation rows those at the splits are made from."""


class Certified(NamedTuple):
    """An exported classifier, proved equal to the one that was trained.

    Parameters
    ----------
    onnx : bytes
    scores : ndarray of float32, (n,)
        Of the validation rows, as the job scores them.
    thresholds : Thresholds
    parity : Parity
    self_test : SelfTest
        Some of the rows that it was proved on.
    """

    onnx: bytes
    scores: NDArray[np.float32]
    thresholds: Thresholds
    parity: Parity
    self_test: SelfTest


def certify(fitted: TrainedModel, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int) -> Certified:
    """Export a classifier, choose its thresholds, and prove ONNX against the library that trained it.

    Parameters
    ----------
    fitted : Fitted
    x : ndarray of float32, (n, F), n > 0
        Validation rows.
    is_fraud : ndarray of bool, (n,)
        With at least one fraud.
    seed : int
        For rows as no history has them.

    Raises
    ------
    ExportError
        They differ by more than rounding, or in a decision.
    """
    onnx = fitted.export().SerializeToString(deterministic=True)
    at_thresholds, strange = fitted.threshold_rows(x[:START_ROWS]), edge_case_rows(x, seed)
    rows = np.concatenate([x, at_thresholds, strange[fitted.accepts(strange)]])
    scores, expected = OnnxModel(onnx).score(rows), fitted.probability(rows)
    ordinary, made = scores[: len(x)], scores[len(x) :]
    thresholds = choose_thresholds(is_fraud, ordinary, made)
    parity = prove_parity(
        expected=expected,
        scores=scores,
        threshold_rows=len(at_thresholds),
        review=thresholds.review,
        block=thresholds.block,
        bound=fitted.bound,
    )
    return Certified(onnx, ordinary, thresholds, parity, SelfTest.of(rows, expected))
