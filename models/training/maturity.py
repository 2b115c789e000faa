"""Label maturity: the age from which on frauds and genuine transactions are labelled equally often."""

import numpy as np
from numpy.typing import NDArray

MIN_DIFFERENCE = 0.02
"""Difference of the known shares that counts as noise for any number of rows."""

KS_CRITICAL = 1.95
"""Critical value of the two-sample Kolmogorov-Smirnov test at 0.1 %: one false result in a thousand files."""


def derive_maturity_ms(delay_ms: NDArray[np.int64], is_fraud: NDArray[np.bool_]) -> int:
    """Return the minimum age from which labels of both classes are known equally often; 0 for equal delays.

    Where a fraud is known after days and a genuine transaction is final after a month, the labels known of the last
    month are frauds alone. Where the delays of both classes are equal, the known labels are a fair sample at any age.

    Parameters
    ----------
    delay_ms : ndarray of int64, (n,)
        Time from each transaction to its label.
    is_fraud : ndarray of bool, (n,)
    """
    frauds, genuine = np.sort(delay_ms[is_fraud]), np.sort(delay_ms[~is_fraud])
    if not len(frauds) or not len(genuine):
        return 0
    ages = np.unique(delay_ms)
    apart = np.abs(_share_known(frauds, ages) - _share_known(genuine, ages))
    chance = KS_CRITICAL * np.sqrt(1 / len(frauds) + 1 / len(genuine))
    different = np.flatnonzero(apart > max(MIN_DIFFERENCE, chance))
    # At the greatest age all are known, so there is always a next one.
    return int(ages[different[-1] + 1]) if different.size else 0


def _share_known(sorted_delays: NDArray[np.int64], ages: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.searchsorted(sorted_delays, ages, side="right") / len(sorted_delays)
