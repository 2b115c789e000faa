"""Training rows, with their cold starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.cold_start import cold_start
from models.training.history import History, Progress
from models.training.learners.learner import Learner, TrainedModel
from models.training.measure import Measure
from models.training.metrics import pr_auc
from models.training.split import TimeSplit

HELD_OUT = 0.2
"""Share of the training rows, the last ones, that the calibration is fitted on."""

SEARCH_FOLDS = ((0.6, 0.8), (0.8, 1.0))
"""Shares of the training rows: a search trains up to the first, and measures from there to the second."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSet:
    """Rows to train on: each training row with its full history and from cold starts, m rows.

    Parameters
    ----------
    x : ndarray of float32, (m, F)
    is_fraud : ndarray of bool, (m,)
    event_time_ms : ndarray of int64, (m,)
    is_warm : ndarray of bool, (m,)
        Rows with their full history. Measuring and calibration use these only.
    """

    x: NDArray[np.float32]
    is_fraud: NDArray[np.bool_]
    event_time_ms: NDArray[np.int64]
    is_warm: NDArray[np.bool_]

    @classmethod
    def of(cls, past: History, split: TimeSplit, progress: Progress) -> TrainingSet:
        """Return the training rows of a history, and of cold starts with and without labels."""
        event_time_ms = past.transactions.event_time_ms
        period = (event_time_ms >= split.risk_until_ms) & (event_time_ms < split.train_until_ms)
        is_warm = np.flatnonzero(split.train)
        rows, x = [is_warm], [past.x[is_warm]]
        for with_labels in (True, False):
            cold = cold_start(past, period, with_labels=with_labels, progress=progress)
            known = split.train[cold.rows]
            rows.append(cold.rows[known])
            x.append(cold.x[known])
        indices = np.concatenate(rows)
        return cls(
            x=np.concatenate(x),
            is_fraud=past.transactions.is_fraud[indices],
            event_time_ms=event_time_ms[indices],
            is_warm=np.arange(len(indices)) < len(is_warm),
        )

    def before(self, share: float) -> NDArray[np.bool_]:
        """Return the mask (m,) of the rows older than the last ``1 - share`` of the training rows."""
        times_ms = self.event_time_ms[self.is_warm]  # ascending
        cut = round(share * len(times_ms))
        if cut == len(times_ms):
            return np.full(len(self.x), True)
        older: NDArray[np.bool_] = self.event_time_ms < times_ms[cut]
        return older

    def measures(self, *, seed: int, threads: int) -> list[Measure]:
        """Return measures of a learner on later training rows than it was trained on, for `search`."""

        def measure_on(fit_rows: NDArray[np.bool_], measured: NDArray[np.bool_]) -> Measure:
            def measure(learner: Learner) -> float:
                fitted: TrainedModel = learner.fit(
                    self.x[fit_rows], self.is_fraud[fit_rows], seed=seed, threads=threads
                )
                return pr_auc(self.is_fraud[measured], fitted.probability(self.x[measured]).astype(np.float32))

            return measure

        folds = [(self.before(begin), self.before(end)) for begin, end in SEARCH_FOLDS]
        return [measure_on(begun, self.is_warm & ended & ~begun) for begun, ended in folds]
