"""Scores and decisions of champion and challenger on the same transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import Artifact, Manifest
from models.scoring.decision import decide
from models.scoring.model import OnnxModel

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Scores and decisions of a model on n transactions.

    Parameters
    ----------
    scores : ndarray of float32, (n,)
    decisions : ndarray of uint8, (n,)
        Values of `Decision` by the model's thresholds.
    """

    manifest: Manifest
    scores: NDArray[np.float32]
    decisions: NDArray[np.uint8]

    @classmethod
    def of(cls, manifest: Manifest, scores: NDArray[np.float32]) -> Answers:
        """Decide on scores."""
        return cls(
            manifest=manifest,
            scores=scores,
            decisions=decide(scores, manifest.review_threshold, manifest.block_threshold),
        )

    @classmethod
    def to(cls, x: NDArray[np.float32], artifact: Artifact) -> Answers:
        """Score features (n, F)."""
        return cls.of(artifact.manifest, OnnxModel(artifact.onnx, features=artifact.manifest.width).score(x))

    def select(self, rows: Mask) -> Answers:
        """Return the masked rows."""
        return Answers(manifest=self.manifest, scores=self.scores[rows], decisions=self.decisions[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Answers of champion and challenger on the same n transactions.

    Parameters
    ----------
    event_time_ms : ndarray of int64, (n,)
    customers : ndarray of int64, (n,)
        A number for each customer.
    labelled : ndarray of bool, (n,)
        Whether its label is known.
    is_fraud : ndarray of bool, (n,)
        False for unknown labels.
    data : mapping
        Description of the rows, for the audit log.
    left_out : mapping of str to int
        Number of rows left out, by reason.
    """

    event_time_ms: NDArray[np.int64]
    customers: NDArray[np.int64]
    labelled: Mask
    is_fraud: Mask
    champion: Answers
    challenger: Answers
    data: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.event_time_ms)

    @property
    def frauds(self) -> int:
        """Number of known frauds."""
        return int(np.count_nonzero(self.is_fraud))

    @property
    def flips(self) -> float:
        """Share of the transactions with different decisions; 0 without transactions."""
        differ = self.champion.decisions != self.challenger.decisions
        return float(np.mean(differ)) if len(differ) else 0.0

    def select(self, rows: Mask) -> Comparison:
        """Return the masked rows."""
        return Comparison(
            event_time_ms=self.event_time_ms[rows],
            customers=self.customers[rows],
            labelled=self.labelled[rows],
            is_fraud=self.is_fraud[rows],
            champion=self.champion.select(rows),
            challenger=self.challenger.select(rows),
            data=self.data,
            left_out=self.left_out,
        )
