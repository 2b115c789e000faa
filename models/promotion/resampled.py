"""Metrics of two models, resampled by customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.promotion.comparison import Answers, Comparison
from models.scoring.decision import Decision
from models.training.metrics import ALERT_RATE

RESAMPLES = 400
"""Number of resamples: the 5 % quantile then varies by a tenth of the interval."""

AVERAGE_PRECISION = "average precision"

Weights = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Resampled:
    """Metrics of champion and challenger on the labelled rows, and on as many drawn from their customers.

    A customer's transactions are correlated and drawn together. Both models are measured on the same draw, so its
    common effect cancels in the difference.

    Parameters
    ----------
    champion, challenger : dict of str to float
        Metrics on the rows themselves.
    champions, challengers : dict of str to ndarray of float64, (RESAMPLES,)
        Metrics on each draw.
    """

    champion: Mapping[str, float]
    challenger: Mapping[str, float]
    champions: Mapping[str, NDArray[np.float64]]
    challengers: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, comparison: Comparison, *, seed: int = 7, resamples: int = RESAMPLES) -> Resampled:
        """Measure both models.

        Parameters
        ----------
        comparison : Comparison
            One labelled row or more.
        seed : int
            The same seed and rows give the same figures.
        """
        known = comparison.select(comparison.labelled)
        champion, challenger = (_Ranked(model, known.is_fraud) for model in (known.champion, known.challenger))
        draws = list(_draws(known.customers, seed, resamples))
        once = np.ones(len(known), np.int64)
        return cls(
            champion=champion.metrics(once),
            challenger=challenger.metrics(once),
            champions=_columns([champion.metrics(weights) for weights in draws]),
            challengers=_columns([challenger.metrics(weights) for weights in draws]),
        )

    def difference(self, name: str) -> float:
        """Return the challenger's metric minus the champion's."""
        return self.challenger[name] - self.champion[name]

    def lower_bound(self, name: str, confidence: float) -> float:
        """Return the lower bound of the difference at a confidence (0 to 1)."""
        return float(np.quantile(self.challengers[name] - self.champions[name], 1 - confidence))

    def interval(self, name: str, confidence: float) -> tuple[tuple[float, float], ...]:
        """Return the two-sided intervals of champion, challenger and their difference."""
        ends = (1 - confidence) / 2, (1 + confidence) / 2
        both = self.champions[name], self.challengers[name]
        return tuple(
            (float(low), float(high)) for low, high in (np.quantile(some, ends) for some in (*both, both[1] - both[0]))
        )


class _Ranked:
    """Scores of a model in descending order, for many weightings.

    Parameters
    ----------
    is_fraud : ndarray of bool, (n,)
    """

    def __init__(self, answers: Answers, is_fraud: NDArray[np.bool_]) -> None:
        self._order = np.argsort(-answers.scores, kind="stable")
        falling = answers.scores[self._order]
        self._ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
        self._is_fraud = is_fraud[self._order]
        self._alerted = (answers.decisions != Decision.APPROVE)[self._order]

    def metrics(self, weights: Weights) -> dict[str, float]:
        """Return the metrics of the rows with these weights (n,)."""
        weights = weights[self._order]
        frauds = weights * self._is_fraud
        total, all_frauds = max(int(weights.sum()), 1), max(int(frauds.sum()), 1)
        # Equal scores are flagged together.
        flagged, caught = np.cumsum(weights)[self._ends], np.cumsum(frauds)[self._ends]
        precision = caught / np.maximum(flagged, 1)
        allowed = flagged <= ALERT_RATE * total
        alerts, found = int(weights[self._alerted].sum()), int(frauds[self._alerted].sum())
        return {
            AVERAGE_PRECISION: float(np.sum(np.diff(caught, prepend=0) * precision) / all_frauds),
            f"recall at {ALERT_RATE:.0%} alerts": float(np.max(caught[allowed], initial=0) / all_frauds),
            "recall from its review threshold": found / all_frauds,
            "precision from its review threshold": found / max(alerts, 1),
            "share alerted": alerts / total,
        }


def _draws(customers: NDArray[np.int64], seed: int, resamples: int) -> Iterator[Weights]:
    generator = np.random.default_rng(seed)
    names, of_row = np.unique(customers, return_inverse=True)
    for _ in range(resamples):
        drawn = generator.integers(0, len(names), len(names))
        yield np.bincount(drawn, minlength=len(names))[of_row]


def _columns(rows: list[dict[str, float]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
