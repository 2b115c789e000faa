"""Quantities that are monitored for drift."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.features.table import FEATURE_NAMES


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A quantity of the stream that is watched for drift.

    Attributes
    ----------
    name : str
        The signal's name in drift events, and in a model's manifest.
    feature : str or None
        The feature it is; None: made of the score.
    """

    name: str
    feature: str | None = None


# Chosen to depend little on how long a customer has been known: counts and times since would drift
# while the state fills after a fresh start.
SIGNALS = (
    Signal(name="score"),
    Signal(name="alert_rate"),
    Signal(name="amount", feature="amount"),
    Signal(name="category_risk", feature="category_risk"),
    Signal(name="type_risk", feature="type_risk"),
    Signal(name="distance_km", feature="distance_km"),
)
"""Signals that the job watches, in the order of the columns of `signal_matrix`."""

ERROR = "error"
"""The squared difference of score and label: watched where labels meet scores, see `LabelMonitor`."""

_COLUMNS = [FEATURE_NAMES.index(signal.feature) for signal in SIGNALS if signal.feature is not None]


def signal_matrix(
    features: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], alerted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the signals of n transactions.

    Parameters
    ----------
    features : (n, len(FEATURES)) float32
        The model's input.
    scores : (n,) float32
        The model's output.
    alerted : (n,) bool
        Whether each was not approved.

    Returns
    -------
    (n, len(SIGNALS)) float64
        In the order of SIGNALS.
    """
    matrix = np.empty((len(scores), len(SIGNALS)))
    matrix[:, 0] = scores
    matrix[:, 1] = alerted
    for index, column in enumerate(_COLUMNS, start=2):
        matrix[:, index] = features[:, column]
    return matrix


def squared_error(scores: npt.NDArray[np.float32], is_fraud: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the signal ERROR of n transactions whose labels are known."""
    return (scores.astype(np.float64) - is_fraud) ** 2
