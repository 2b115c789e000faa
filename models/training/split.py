from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

RISK_SHARE, TRAIN_SHARE = 0.2, 0.7
"""Shares of the time before which the risk tables, and the trees, take their rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeSplit:
    """Three periods of a history, one after the other, as masks over its n rows.

    Parameters
    ----------
    risk : ndarray of bool, (n,)
        Rows that teach the risk tables. No tree learns from them: their own labels are in their risk
        features, and the customers' histories are still filling up.
    train : ndarray of bool, (n,)
        Rows that teach the trees.
    validation : ndarray of bool, (n,)
        Rows that set the thresholds and give the metrics.
    risk_until_ms, train_until_ms : int
        Where the periods meet, in event time. A row of `risk` or `train` has its label at that time at the
        latest: what was not known then teaches nothing.
    """

    risk: NDArray[np.bool_]
    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    risk_until_ms: int
    train_until_ms: int

    def without(self, rows: NDArray[np.bool_]) -> TimeSplit:
        """Return the split with some rows, a mask (n,), taken out of every period."""
        return replace(
            self, risk=self.risk & ~rows, train=self.train & ~rows, validation=self.validation & ~rows
        )


def split_by_time(event_time_ms: NDArray[np.int64], label_time_ms: NDArray[np.int64]) -> TimeSplit:
    """Cut a history, sorted by event time, into the three periods.

    Parameters
    ----------
    event_time_ms, label_time_ms : ndarray of int64, (n,), n > 0
        When each transaction was made, and when its label became known, genuine ones too.
    """
    first, last = int(event_time_ms[0]), int(event_time_ms[-1])
    risk_until = first + int((last - first) * RISK_SHARE)
    train_until = first + int((last - first) * TRAIN_SHARE)
    return TimeSplit(
        risk=(event_time_ms < risk_until) & (label_time_ms <= risk_until),
        train=(event_time_ms >= risk_until) & (event_time_ms < train_until) & (label_time_ms <= train_until),
        validation=event_time_ms >= train_until,
        risk_until_ms=risk_until,
        train_until_ms=train_until,
    )
