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
        The signal's name in drift events.
    feature : str or None
        The feature it is made of; None: the model's score.
    """

    name: str
    feature: str | None

    @property
    def reference(self) -> str:
        """Its name in the `reference` of a model's manifest."""
        return self.feature or "score"


# Chosen to depend little on how long a customer has been known: counts and times since would drift
# while the state fills after a fresh start.
SIGNALS = (
    Signal(name="score", feature=None),
    Signal(name="amount", feature="amount"),
    Signal(name="category_risk", feature="category_risk"),
    Signal(name="is_night", feature="is_night"),
)

_COLUMNS = [FEATURE_NAMES.index(signal.feature) for signal in SIGNALS if signal.feature is not None]


def signal_matrix(features: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
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
        In the order of SIGNALS.
    """
    matrix = np.empty((len(scores), len(SIGNALS)))
    matrix[:, 0] = scores
    for place, column in enumerate(_COLUMNS, start=1):
        matrix[:, place] = features[:, column]
    return matrix
