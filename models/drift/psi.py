"""Population stability index."""

import numpy as np
from numpy.typing import NDArray

BINS = 10
"""Parts of a signal's histogram: tenths of the reference, fewer where many values are equal."""

MIN_SHARE = 1e-4
"""Share of an empty bin: the logarithm of 0 would make a single outlier an infinite drift."""


def psi(expected: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """Return the population stability index of two histograms: 0 for equal ones, 0.25 for a large shift.

    Parameters
    ----------
    expected, observed : ndarray of float64, (bins,)
        Shares or counts.
    """
    e = np.maximum(expected / expected.sum(), MIN_SHARE)
    o = np.maximum(observed / observed.sum(), MIN_SHARE)
    return float(np.sum((o - e) * np.log(o / e)))


def bin_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what parts a sample (n,), n > 0, into tenths; equal edges are one, so there may be fewer parts.

    Returns
    -------
    ndarray of float64, (m,), 1 <= m < BINS
        A value is in the bin whose number is the count of edges below it.
    """
    tenths: NDArray[np.float64] = np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.unique(tenths)
