import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES
from models.scoring.artifact import Reference


def reference(x: NDArray[np.float32], scores: NDArray[np.float32]) -> dict[str, Reference]:
    """Return how each feature, and the score, was distributed when the model was made.

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
    scores : ndarray of float32, (n,)

    Returns
    -------
    dict of str to Reference
        By feature name, and ``score``.
    """
    columns = {name: x[:, column] for column, name in enumerate(FEATURE_NAMES)}
    return {name: _describe(values) for name, values in {**columns, "score": scores}.items()}


def _describe(values: NDArray[np.float32]) -> Reference:
    exact = values.astype(np.float64)
    deciles = np.quantile(exact, np.linspace(0, 1, 11))
    return Reference(mean=float(exact.mean()), deviation=float(exact.std()), deciles=tuple(deciles.tolist()))
