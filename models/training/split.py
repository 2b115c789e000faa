from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import DataFingerprint

RISK_SHARE, TRAIN_SHARE = 0.2, 0.75
"""Shares of the time by which labels must be known to teach the risk tables, and the trees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeSplit:
    """Who learns from which rows of a history, as masks over its n rows. No row is in two of them.

    Parameters
    ----------
    risk : ndarray of bool, (n,)
        Rows that teach the risk tables: those whose labels were known first. No tree learns from them, since
        their own labels are in their risk features.
    train : ndarray of bool, (n,)
        Rows that teach the trees: their labels were known when the validation period began. What was not
        known then teaches nothing.
    validation : ndarray of bool, (n,)
        Rows that set the thresholds and give the metrics: later than all others.
    risk_until_ms, train_until_ms : int
        When the tables, and the trees, took their labels, in event time.
    """

    risk: NDArray[np.bool_]
    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    risk_until_ms: int
    train_until_ms: int

    def without(self, rows: NDArray[np.bool_]) -> TimeSplit:
        """Return the split with some rows, a mask (n,), taken out of every period."""
        return replace(self, risk=self.risk & ~rows, train=self.train & ~rows, validation=self.validation & ~rows)


def split_by_time(event_time_ms: NDArray[np.int64], label_time_ms: NDArray[np.int64]) -> TimeSplit:
    """Split a history, sorted by event time.

    Parameters
    ----------
    event_time_ms, label_time_ms : ndarray of int64, (n,), n > 0
        When each transaction was made, and when its label became known, genuine ones too.
    """
    first, last = int(event_time_ms[0]), int(event_time_ms[-1])
    risk_until = first + int((last - first) * RISK_SHARE)
    train_until = first + int((last - first) * TRAIN_SHARE)
    risk = (event_time_ms < risk_until) & (label_time_ms <= risk_until)
    return TimeSplit(
        risk=risk,
        train=(event_time_ms < train_until) & (label_time_ms <= train_until) & ~risk,
        validation=event_time_ms >= train_until,
        risk_until_ms=risk_until,
        train_until_ms=train_until,
    )


def trained_until_ms(data: DataFingerprint) -> int:
    """Return the event time from which on a model learned no row of its history, see `TimeSplit.train_until_ms`."""
    first, last = data.first_event_time_ms, data.last_event_time_ms
    return first + int((last - first) * TRAIN_SHARE)
