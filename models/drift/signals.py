from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.features.table import FEATURE_NAMES

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A quantity of the stream that is watched for drift.

    Attributes
    ----------
    name : str
        The signal's name in drift events.
    feature : str or None
        The feature it is made of; None: the model's score.
    transform : callable
        Applied to each value, to tame heavy tails before they are averaged.
    """

    name: str
    feature: str | None
    transform: Callable[[Values], Values] = np.positive


# Chosen to depend little on how long a customer has been known: counts and times since would drift
# while the state fills after a fresh start.
SIGNALS = (
    Signal(name="score", feature=None),
    Signal(name="amount", feature="amount", transform=np.log1p),
    Signal(name="category_risk", feature="category_risk"),
    Signal(name="is_night", feature="is_night"),
)

_FEATURES = [signal for signal in SIGNALS if signal.feature is not None]
_COLUMNS = [FEATURE_NAMES.index(signal.feature) for signal in _FEATURES if signal.feature is not None]


def signal_matrix(features: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]) -> Values:
    """Return the signals of n transactions.

    Parameters
    ----------
    features : (n, len(FEATURES)) float32
        The model's input.
    scores : (n,) float32
        The model's output.

    Returns
    -------
    (n, len(SIGNALS)) float64
    """
    matrix = np.empty((len(scores), len(SIGNALS)))
    matrix[:, 0] = scores
    for place, (signal, column) in enumerate(zip(_FEATURES, _COLUMNS, strict=True), start=1):
        matrix[:, place] = signal.transform(features[:, column].astype(np.float64))
    return matrix
