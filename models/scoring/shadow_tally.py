"""Comparison of a challenger with the champion."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features.batch import DUPLICATE
from models.scoring.decision import Decision
from models.scoring.served_models import ServedModels, decided
from models.scoring.transaction_scorer import ScoredBatch

COUNTS = ("transactions", "decided", "agreed", "champion_alerts", "challenger_alerts", "both_alert")
"""Fields of `shadow.avsc` that add up."""


class ShadowTally:
    """Adds up how a challenger compares with the champion; a duplicate was compared when it came first.

    Parameters
    ----------
    number : int
        Number of the challenger among the models, from 1 on.
    """

    def __init__(self, models: ServedModels, number: int) -> None:
        self._champion, self._challenger = models.champion.manifest, models.models[number].manifest
        self._number = number
        self._counts = np.zeros(len(COUNTS), np.int64)
        self._sum = self._max = 0.0

    def add(self, scored: ScoredBatch) -> None:
        """Add the scores of a batch."""
        scores = scored.ensemble_scores
        rows = np.flatnonzero(scored.ingest_status != DUPLICATE)
        ours, theirs = scores.champion[rows], scores.challenger_scores[self._number - 1].scores[rows]
        our, their = decided(self._champion, ours), decided(self._challenger, theirs)
        our_alerts, their_alerts = our != Decision.APPROVE, their != Decision.APPROVE
        by_challenger = 0 if scores.deciding_model is None else _count(scores.deciding_model[rows] == self._number)
        self._counts += (
            len(rows), by_challenger, _count(our == their),
            _count(our_alerts), _count(their_alerts), _count(our_alerts & their_alerts),
        )  # fmt: skip
        difference = np.abs(ours.astype(np.float64) - theirs)
        self._sum += float(difference.sum())
        self._max = max(self._max, float(difference.max(initial=0.0)))

    def flush(self) -> dict[str, Any]:
        """Return the fields of `shadow.avsc` of the two models, and reset."""
        fields = {
            "champion_id": self._champion.model_id,
            "challenger_id": self._challenger.model_id,
            **dict(zip(COUNTS, self._counts.tolist(), strict=True)),
            "difference_sum": self._sum,
            "difference_max": self._max,
        }
        self._counts[:] = 0
        self._sum = self._max = 0.0
        return fields


def _count(flags: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(flags))
