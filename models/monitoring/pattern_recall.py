from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.metrics import ALERT_RATE, alert_threshold
from schemas.durations import DAY_MS


@dataclass(frozen=True, kw_only=True)
class DayRecall:
    """How much of a pattern was found on one day of event time.

    Parameters
    ----------
    day : int
        Days since 1970.
    frauds : int
        Of the pattern.
    recall : float
    """

    day: int
    frauds: int
    recall: float


@dataclass(frozen=True, kw_only=True)
class PatternRecall:
    """How much of a fraud pattern two models found that scored one after the other, each at the same alert rate.

    Parameters
    ----------
    before, after : float
        Of the former model, and of the new one.
    days : tuple of DayRecall
        In turn; a fraud counts as found by the threshold of the model that scored it.
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
        """Measure what was scored since the pattern began.

        Parameters
        ----------
        event_time_ms : ndarray of int64, (n,)
        scores : ndarray of float32, (n,)
            As they were served.
        is_pattern : ndarray of bool, (n,)
            Frauds of the pattern.
        by_new : ndarray of bool, (n,)
            Whether the new model gave the score.
        since_ms : int
            When the pattern began; neither threshold nor recall heeds earlier rows.
        rate : float
            Share of each model's own transactions that its threshold alerts at most.
        """
        since = event_time_ms >= since_ms
        found = np.zeros(len(scores), np.bool_)
        recalls = []
        for own in (since & ~by_new, since & by_new):
            found |= own & (scores >= alert_threshold(scores[own], rate))
            recalls.append(_share(found[own & is_pattern]))
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
