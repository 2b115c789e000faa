"""Decision thresholds, chosen on validation rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.metrics import operating_points

REVIEW_PRECISION, BLOCK_PRECISION = 0.5, 0.9
"""Minimum precision of all flagged transactions, and of blocked ones."""

RECALL_WEIGHT = 1.5
"""Weight of recall relative to precision in review's F-score: a missed fraud costs more than a review."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Scores from which a transaction is reviewed, and blocked: float32 values, review <= block."""

    review: float
    block: float


def choose_thresholds(
    is_fraud: NDArray[np.bool_], scores: NDArray[np.float32], also_tested: NDArray[np.float32]
) -> Thresholds:
    """Choose both thresholds on rows later than any that was trained on.

    Review: the best F-score among thresholds of precision 0.5 or more, or of all without any. Block: among higher
    thresholds the highest recall at precision 0.9, or halfway from review's precision to 1 if that is more; without
    any, the highest precision. Both are then moved into the widest gap between nearby scores, so that the last bits
    of a score do not change a decision.

    Parameters
    ----------
    is_fraud : ndarray of bool, (n,)
        One fraud or more.
    scores : ndarray of float32, (n,)
    also_tested : ndarray of float32, (k,)
        Further scores to keep a distance from.
    """
    points, caught, flagged = operating_points(is_fraud, scores)
    precision, recall = caught / flagged, caught / caught[-1]
    f_score = (1 + RECALL_WEIGHT**2) * caught / (flagged + RECALL_WEIGHT**2 * caught[-1])
    precise = precision >= REVIEW_PRECISION
    review = int(np.argmax(np.where(precise, f_score, -1.0) if precise.any() else f_score))
    block = _stricter(precision[:review], recall[:review], max(BLOCK_PRECISION, (1 + precision[review]) / 2))
    rising = np.unique(np.concatenate([scores, also_tested]))
    return Thresholds(
        review=_into_gap(points, review, rising), block=_into_gap(points, review if block is None else block, rising)
    )


def _stricter(precision: NDArray[np.float64], recall: NDArray[np.float64], min_precision: float) -> int | None:
    if not precision.size:
        return None
    if (precision >= min_precision).any():
        return int(np.argmax(np.where(precision >= min_precision, recall, -1.0)))
    return int(np.flatnonzero(precision == precision.max())[-1])


def _into_gap(points: NDArray[np.float32], chosen: int, rising: NDArray[np.float32]) -> float:
    """Return the middle of the widest gap between the chosen score and the next lower validated one."""
    low, high = (points[chosen + 1] if chosen + 1 < len(points) else np.float32(0)), points[chosen]
    between = rising[(rising >= low) & (rising <= high)].astype(np.float64)
    if len(between) < 2:
        return float(high)
    widest = int(np.argmax(np.diff(between)))
    middle = np.float32((between[widest] + between[widest + 1]) / 2)
    return float(middle) if low < middle else float(high)
