"""Reference distributions of a model's features, score and drift signals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.drift.baseline import signal_reference
from models.drift.signals import ERROR, SIGNALS, signal_matrix, squared_error
from models.scoring.artifact import Reference, SignalReference


def reference(x: NDArray[np.float32], scores: NDArray[np.float32], names: Sequence[str]) -> dict[str, Reference]:
    """Return the distribution of each feature and of the score in validation.

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
    scores : ndarray of float32, (n,)
    names : sequence of str, F of them
        Names of the features.

    Returns
    -------
    dict of str to Reference
        References by feature name, and ``score``.
    """
    columns = dict(zip(names, x.T, strict=True))
    return {name: _describe(values) for name, values in {**columns, "score": scores}.items()}


def signal_references(
    x: NDArray[np.float32],
    scores: NDArray[np.float32],
    is_fraud: NDArray[np.bool_],
    event_time_ms: NDArray[np.int64],
    *,
    review: float,
) -> dict[str, SignalReference]:
    """Return the reference of each drift signal in validation, by name.

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
    scores : ndarray of float32, (n,)
    is_fraud : ndarray of bool, (n,)
    event_time_ms : ndarray of int64, (n,)
    review : float
        Threshold of an alert.
    """
    matrix = signal_matrix(x, scores, scores >= np.float32(review))
    columns = {signal.name: matrix[:, column] for column, signal in enumerate(SIGNALS)}
    columns[ERROR] = squared_error(scores, is_fraud)
    return {name: signal_reference(values, event_time_ms) for name, values in columns.items()}


def _describe(values: NDArray[np.float32]) -> Reference:
    exact = values.astype(np.float64)
    deciles = np.quantile(exact, np.linspace(0, 1, 11))
    return Reference(mean=float(exact.mean()), deviation=float(exact.std()), deciles=tuple(deciles.tolist()))
