"""Folds of an evaluation in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.training.maturity import derive_maturity_ms
from schemas.durations import DAY_MS

COMPROMISED_DAYS = 7
"""Days before the end of training in which a fraud makes a card known as compromised, and not tested."""

STEP_DAYS = 7
"""Days from one fold to the next."""

EPOCH = date(1970, 1, 1)

UNKNOWN_MS = 2**62
"""Label time of a transaction whose label is unknown: after all others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Transactions:
    """Times, customers and labels of n transactions.

    Parameters
    ----------
    event_time_ms, label_time_ms : ndarray of int64, (n,)
        Event times, and times at which labels became known; UNKNOWN_MS for unknown labels.
    customer : ndarray of int64, (n,)
        A number for each customer.
    is_fraud : ndarray of bool, (n,)
        False for unknown labels.
    maturity_ms : int
        Age from which on the labels of both classes are known equally often, see `derive_maturity_ms`.
    """

    event_time_ms: NDArray[np.int64]
    label_time_ms: NDArray[np.int64]
    customer: NDArray[np.int64]
    is_fraud: NDArray[np.bool_]
    maturity_ms: int = 0

    @classmethod
    def of(cls, table: pa.Table, *, maturity_days: float | None = None) -> Transactions:
        """Return the transactions of a table with the columns of `LABELLED_ARROW`.

        Parameters
        ----------
        maturity_days : float, optional
            Age at which labels count as final; default: derived from the labels' delays.
        """
        customers = table["customer_id"].combine_chunks().dictionary_encode()
        found = cls(
            event_time_ms=table["event_time"].cast(pa.int64()).to_numpy(),
            label_time_ms=table["label_time"].cast(pa.int64()).fill_null(UNKNOWN_MS).to_numpy(),
            customer=customers.indices.to_numpy().astype(np.int64),
            is_fraud=table["is_fraud"].fill_null(False).to_numpy(),
        )
        if maturity_days is not None:
            return replace(found, maturity_ms=round(maturity_days * DAY_MS))
        known = found.labelled
        delay_ms = found.label_time_ms[known] - found.event_time_ms[known]
        return replace(found, maturity_ms=derive_maturity_ms(delay_ms, found.is_fraud[known]))

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Mask (n,) of the rows whose label becomes known."""
        known: NDArray[np.bool_] = self.label_time_ms != UNKNOWN_MS
        return known

    @property
    def measurable(self) -> NDArray[np.bool_]:
        """Mask (n,) of the rows with a label that were mature when the last label became known.

        Of younger rows a file has the labels of the quicker class alone.
        """
        known = self.labelled
        last_ms = int(self.label_time_ms[known].max()) if known.any() else 0
        measurable: NDArray[np.bool_] = known & (self.event_time_ms + self.maturity_ms <= last_ms)
        return measurable

    @property
    def day(self) -> NDArray[np.int64]:
        """Day of each, UTC, counted from 1970-01-01."""
        return self.event_time_ms // DAY_MS


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A training period, the wait for its labels, and a test period: days are UTC.

    Trained on are the transactions of the ``train_days`` before ``train_end`` that are mature and whose labels are
    known when the test begins; tested are those of ``test_days`` from ``train_end + delay_days`` on, but for cards
    known as compromised: on test day k = 0, 1, ... those with a fraud from `COMPROMISED_DAYS` before ``train_end`` to
    the day ``train_end + k - 1``, that one included.

    Parameters
    ----------
    train_end : date
        First day that is not trained on.
    train_days, delay_days, test_days : int
        Lengths of the periods.
    """

    train_end: date
    train_days: int
    delay_days: int = 7
    test_days: int = 7

    @property
    def train_start(self) -> date:
        """First day that is trained on."""
        return self.train_end - timedelta(days=self.train_days)

    @property
    def test_start(self) -> date:
        """First day that is tested."""
        return self.train_end + timedelta(days=self.delay_days)

    @property
    def test_end(self) -> date:
        """First day after the test."""
        return self.test_start + timedelta(days=self.test_days)

    def later(self, days: int) -> Fold:
        """Return the fold of the same lengths ``days`` later; earlier where negative."""
        return Fold(
            train_end=self.train_end + timedelta(days=days),
            train_days=self.train_days,
            delay_days=self.delay_days,
            test_days=self.test_days,
        )

    def train_rows(self, transactions: Transactions) -> NDArray[np.bool_]:
        """Return the mask (n,) of the training rows."""
        day = transactions.day
        start_ms = day_number(self.test_start) * DAY_MS
        mature = transactions.event_time_ms + transactions.maturity_ms <= start_ms
        known = mature & (transactions.label_time_ms <= start_ms)
        return (day >= day_number(self.train_start)) & (day < day_number(self.train_end)) & known

    def test_rows(self, transactions: Transactions) -> NDArray[np.bool_]:
        """Return the mask (n,) of the test rows."""
        day, end = transactions.day, day_number(self.train_end)
        tested = np.zeros(len(day), np.bool_)
        for k in range(self.test_days):
            known = transactions.is_fraud & (day >= end - COMPROMISED_DAYS) & (day < end + k)
            compromised = np.unique(transactions.customer[known])
            rows = np.flatnonzero(day == day_number(self.test_start) + k)
            tested[rows] = ~np.isin(transactions.customer[rows], compromised)
        return tested & transactions.measurable


def successive(first: Fold, count: int) -> tuple[Fold, ...]:
    """Return ``count`` folds, each `STEP_DAYS` later than the one before."""
    return tuple(first.later(STEP_DAYS * number) for number in range(count))


def risk_rows(folds: Iterable[Fold], transactions: Transactions) -> NDArray[np.bool_]:
    """Return the mask (n,) of the rows for the risk tables: known before any fold's training."""
    start_ms = min(day_number(fold.train_start) for fold in folds) * DAY_MS
    mature = transactions.event_time_ms + transactions.maturity_ms <= start_ms
    return mature & (transactions.event_time_ms < start_ms) & (transactions.label_time_ms <= start_ms)


def day_number(day: date) -> int:
    """Return the day counted from 1970-01-01, as `Transactions.day` counts."""
    return (day - EPOCH).days
