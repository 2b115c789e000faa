"""Split of a history by time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import DataFingerprint
from models.training.protocol import Transactions

RISK_SHARE, TRAIN_SHARE = 0.2, 0.75
"""Shares of the time by which labels must be known for the risk tables, and for the trees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeSplit:
    """Disjoint masks over the n rows of a history: risk tables, training, validation.

    Parameters
    ----------
    risk : ndarray of bool, (n,)
        Rows of the risk tables: those whose labels were known first. Trees are not trained on them, since their
        own labels are in their risk features.
    train : ndarray of bool, (n,)
        Rows of the trees: mature, with a known label, when the validation period began.
    validation : ndarray of bool, (n,)
        Rows of the thresholds and metrics: later than all others, and mature when the last label of the file
        became known.
    risk_until_ms, train_until_ms : int
        Ends of the periods of the tables and of the trees, in event time.
    """

    risk: NDArray[np.bool_]
    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    risk_until_ms: int
    train_until_ms: int

    def without(self, rows: NDArray[np.bool_]) -> TimeSplit:
        """Return the split without the masked rows, (n,), in every period."""
        return replace(self, risk=self.risk & ~rows, train=self.train & ~rows, validation=self.validation & ~rows)


def split_by_time(rows: Transactions, *, recent_frauds: bool = False) -> TimeSplit:
    """Split a history, sorted by event time.

    Training rows were mature when the validation period began: of younger rows the labels of the quicker class
    alone are known. The risk tables have the same share of these rows' time as they have without a maturity.

    Parameters
    ----------
    rows : Transactions
        n > 0 rows.
    recent_frauds : bool
        Whether frauds that were known in time, but are not mature, are trained on too.
    """
    event_time_ms, maturity_ms, measurable = rows.event_time_ms, rows.maturity_ms, rows.measurable
    first = int(event_time_ms[0])
    last = int(event_time_ms[measurable][-1]) if maturity_ms and measurable.any() else int(event_time_ms[-1])
    train_until = first + int((last - first) * TRAIN_SHARE)
    risk_until = first + int((last - first) * RISK_SHARE - maturity_ms * RISK_SHARE / TRAIN_SHARE)
    risk = (event_time_ms < risk_until) & (rows.label_time_ms <= risk_until + maturity_ms)
    known = (event_time_ms < train_until) & (rows.label_time_ms <= train_until)
    mature = event_time_ms + maturity_ms <= train_until
    return TimeSplit(
        risk=risk,
        train=known & (mature | (rows.is_fraud & recent_frauds)) & ~risk,
        validation=(event_time_ms >= train_until) & measurable,
        risk_until_ms=risk_until,
        train_until_ms=train_until,
    )


def trained_until_ms(data: DataFingerprint) -> int:
    """Return the event time at which a model's training rows end, see `TimeSplit.train_until_ms`."""
    first, last = data.first_event_time_ms, data.last_event_time_ms
    return first + int((last - first) * TRAIN_SHARE)
