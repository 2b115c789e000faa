"""Class balancing of training rows."""

from typing import NamedTuple

import numpy as np
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray

from models.training.learners.learner import Balance

SMOTE_RATIO, SMOTE_NEIGHBOURS = 0.1, 5
"""Frauds per genuine row after SMOTE, and neighbours that a fraud is mixed with."""


class Sample(NamedTuple):
    """Rows to train on: x (n, F), is_fraud (n,) and weight (n,); weight None for equal weights."""

    x: NDArray[np.float32]
    is_fraud: NDArray[np.bool_]
    weight: NDArray[np.float32] | None


def balanced(x: NDArray[np.float32], is_fraud: NDArray[np.bool_], how: Balance, *, seed: int) -> Sample:
    """Return the rows with more weight on frauds.

    ``weights``: all frauds together weigh as much as all genuine rows. ``smote``: frauds between known frauds
    are added until there are `SMOTE_RATIO` for each genuine row; it mixes flags and the values that mean
    "missing" as if they were amounts. Both make the probabilities too high: calibrate before setting a cost.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
    is_fraud : ndarray of bool, (n,)
    """
    frauds = int(np.count_nonzero(is_fraud))
    genuine = len(is_fraud) - frauds
    if how == "weights" and frauds:
        return Sample(x, is_fraud, np.where(is_fraud, np.float32(genuine / frauds), np.float32(1)))
    if how == "smote" and 1 < frauds < SMOTE_RATIO * genuine:
        sampler = SMOTE(sampling_strategy=SMOTE_RATIO, k_neighbors=min(SMOTE_NEIGHBOURS, frauds - 1), random_state=seed)
        more_x, more_fraud = sampler.fit_resample(x, is_fraud)
        return Sample(np.ascontiguousarray(more_x, np.float32), np.asarray(more_fraud, np.bool_), None)
    return Sample(x, is_fraud, None)
