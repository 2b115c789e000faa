"""Check that training and measured rows have similar fraud shares."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import UserError

MAX_RATIO = 5.0
"""Largest ratio of the fraud shares of training and measured rows: a larger one is an error, not drift."""


class ClassCount(NamedTuple):
    """Frauds among the rows of a period.

    Parameters
    ----------
    period : str
        Name for messages.
    """

    period: str
    frauds: int
    rows: int

    @classmethod
    def of(cls, period: str, is_fraud: NDArray[np.bool_]) -> "ClassCount":
        """Count the frauds of a period's rows, (n,)."""
        return cls(period, int(np.count_nonzero(is_fraud)), len(is_fraud))

    @property
    def share(self) -> float:
        """Frauds by rows."""
        return self.frauds / max(self.rows, 1)

    def __str__(self) -> str:
        return f"{self.frauds:,} frauds of {self.rows:,} rows ({self.share:.2%}) in {self.period}"


def require_like_shares(what: str, train: ClassCount, measured: ClassCount, *, maturity_days: float) -> None:
    """Refuse periods of one class, with more frauds than genuine rows, or with fraud shares far apart.

    Parameters
    ----------
    what : str
        Beginning of the message.
    maturity_days : float
        Age at which a label counts as final, for the message.

    Raises
    ------
    UserError
        The rows are of one class, or their fraud shares are too far apart.
    """
    final = f"labels count as final after {maturity_days:.1f} days"
    for count in (train, measured):
        if not 0 < count.frauds < count.rows:
            raise UserError(
                f"{what}: expected frauds and genuine transactions in each period, got {count} ({final}). Give "
                "genuine transactions is_fraud = false and the label_time at which that is final, or a longer history"
            )
        if count.frauds > count.rows / 2:
            raise UserError(
                f"{what}: expected fewer frauds than genuine transactions, got {count}. Check whether is_fraud means "
                "the opposite, or genuine transactions are missing"
            )
    ratio = train.share / measured.share
    if not 1 / MAX_RATIO <= ratio <= MAX_RATIO:
        raise UserError(
            f"{what}: expected fraud shares at most {MAX_RATIO:g} times apart, got {train} and {measured} ({final}). "
            "Check whether labels of one class are missing or late: --maturity-days waits longer for both"
        )
