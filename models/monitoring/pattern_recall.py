"""Recall of a fraud pattern before and after a model change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.metrics import ALERT_RATE, alert_threshold
from schemas.durations import DAY_MS


@dataclass(frozen=True, kw_only=True)
class DayRecall:
    """Recall of a pattern on a day of event time.

    Parameters
    ----------
    day : int
        Days since 1970.
    """

    day: int
    frauds: int
    recall: float


@dataclass(frozen=True, kw_only=True)
class PatternRecall:
    """Recall of a fraud pattern by two successive models, at the same alert rate.

    Parameters
    ----------
    before, after : float
        Recall of the former model, and of the new one.
    days : tuple of DayRecall
        Recall by day; a fraud counts as found by the threshold of the model that scored it.
    """

    before: float
    after: float
    days: tuple[DayRecall, ...]

    @classmethod
    def of(
        cls,
        *,
        event_time_ms: NDArray[np.int64],
        scores: NDArray[np.float32],
        is_pattern: NDArray[np.bool_],
        by_new: NDArray[np.bool_],
        since_ms: int,
        rate: float = ALERT_RATE,
    ) -> PatternRecall:
        """Measure the transactions scored since the pattern began.

        Parameters
        ----------
        event_time_ms : ndarray of int64, (n,)
        scores : ndarray of float32, (n,)
            Scores as served.
        is_pattern : ndarray of bool, (n,)
            Frauds of the pattern.
        by_new : ndarray of bool, (n,)
            Whether the new model gave the score.
        since_ms : int
            Start of the pattern; earlier rows are ignored.
        rate : float
            Maximum share of each model's transactions that its threshold alerts.
        """
        since = event_time_ms >= since_ms
        found = np.zeros(len(scores), np.bool_)
        recalls = []
        for scored in (since & ~by_new, since & by_new):
            found |= scored & (scores >= alert_threshold(scores[scored], rate))
            recalls.append(_share(found[scored & is_pattern]))
        pattern = since & is_pattern
        days = event_time_ms // DAY_MS
        return cls(
            before=recalls[0],
            after=recalls[1],
            days=tuple(
                DayRecall(day=int(day), frauds=int(rows.sum()), recall=_share(found[rows]))
                for day in np.unique(days[pattern])
                for rows in [pattern & (days == day)]
            ),
        )


def _share(found: NDArray[np.bool_]) -> float:
    return float(found.mean()) if len(found) else 0.0
