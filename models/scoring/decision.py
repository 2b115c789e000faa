"""Decisions from scores by thresholds."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Decision(IntEnum):
    """Decision on a transaction. The names are those of the Avro enum; the numbers order by severity."""

    APPROVE = 0
    REVIEW = 1
    BLOCK = 2


def decide(scores: NDArray[np.float32], review: float, block: float) -> NDArray[np.uint8]:
    """Return each score's decision by two thresholds, both included: a score equal to ``block`` is BLOCK.

    Parameters
    ----------
    scores : ndarray of float32, (n,)
        Probabilities of fraud.
    review, block : float
        Thresholds, review <= block. They are compared as float32, the type of the scores.

    Returns
    -------
    ndarray of uint8, (n,)
        Values of `Decision`. A NaN score, which no valid model gives, is APPROVE.
    """
    decisions = (scores >= np.float32(review)).view(np.uint8)
    decisions += scores >= np.float32(block)
    return decisions
