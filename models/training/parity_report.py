"""Parity of a served model with the library that trained it, on adversarial rows."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.scoring.decision import decide
from models.scoring.model import OnnxModel
from models.training.adversarial_rows import AdversarialRows
from models.training.history import Progress
from models.training.learners.learner import TrainedModel

NEAR_A_DECISION = 1e-6
"""Distance of a probability from a decision threshold that counts as near."""


@dataclass(kw_only=True)
class ParityReport:
    """Difference between a served model and the library that trained it, on adversarial rows.

    Parameters
    ----------
    bound : float
        Largest difference of probability allowed.
    review, block : float
        Decision thresholds.
    left_open : float
        Distance of a probability from a threshold within which the decision is left open: where float32 sums make the
        probability, the order of the trees decides.
    rows : dict of str to int
        Count by kind, see `AdversarialRows`.
    max_difference : float
        Largest difference of probability found.
    decision_flips : int
        Rows with another decision than by the library's probability, rounded to float32 as scores are, without those
        left open.
    rounded_otherwise : int
        Rows whose score differs from that number in any bit.
    near_a_decision : int
        Rows whose probability is within `NEAR_A_DECISION` of a threshold.
    """

    bound: float
    review: float
    block: float
    left_open: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)
    max_difference: float = 0.0
    decision_flips: int = 0
    rounded_otherwise: int = 0
    near_a_decision: int = 0

    @property
    def holds(self) -> bool:
        """Whether no row differs by more than the bound, or in its decision."""
        return self.max_difference <= self.bound and self.decision_flips == 0

    @property
    def total(self) -> int:
        """Rows of all kinds."""
        return sum(self.rows.values())

    def compare(self, kind: str, expected: NDArray[np.float64], scores: NDArray[np.float32]) -> None:
        """Add the library's probabilities of rows, and their scores, (n,) each."""
        rounded = expected.astype(np.float32)
        difference = float(np.max(np.abs(expected - scores), initial=0.0))
        distance = np.min(np.abs(expected - np.array([[self.review], [self.block]])), axis=0)
        is_open = (distance <= self.left_open) if self.left_open else np.zeros(len(expected), np.bool_)
        self.rows[kind] = self.rows.get(kind, 0) + len(expected)
        self.max_difference = max(self.max_difference, np.inf if np.isnan(difference) else difference)
        ours, theirs = (decide(some, self.review, self.block) for some in (scores, rounded))
        self.decision_flips += int(np.count_nonzero((ours != theirs) & ~is_open))
        self.rounded_otherwise += int(np.count_nonzero(scores != rounded))
        self.near_a_decision += int(np.count_nonzero(distance <= NEAR_A_DECISION))


def verify_parity(
    fitted: TrainedModel,
    onnx: bytes,
    x: NDArray[np.float32],
    *,
    review: float,
    block: float,
    rows: int,
    seed: int,
    progress: Progress = lambda _stage, _done, _total: None,
) -> ParityReport:
    """Compare a served model with the classifier that it was exported from.

    Parameters
    ----------
    fitted : TrainedModel
        Classifier in its library's form.
    onnx : bytes
        Served model.
    x : ndarray of float32, (n, F), n > 0
        Ordinary rows.
    review, block : float
        Decision thresholds.
    rows : int
        Number of rows to compare.
    seed : int
        Seed of the adversarial rows.
    progress : callable of (str, int, int), optional
    """
    model = OnnxModel(onnx, features=x.shape[1])
    left_open = 0.0 if fitted.exact else fitted.bound
    report = ParityReport(bound=fitted.bound, review=review, block=block, left_open=left_open)
    for kind, made in AdversarialRows(fitted, x, (review, block), seed=seed).rows(rows):
        report.compare(kind, fitted.probability(made), model.score(made))
        progress("verify", report.total, rows)
    return report
