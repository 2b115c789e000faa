"""Signals of a simulated world, and their observations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.drift.baseline import Baseline, baselines
from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.signal_observation import SignalObservation
from models.drift.signals import ERROR, SIGNALS, signal_matrix, squared_error
from models.features.replay import LabelFeed
from models.scoring.artifact import Artifact, Manifest
from models.scoring.decision import Decision
from models.scoring.history_scorer import HistoryScorer
from schemas.columns import TRANSACTION_ARROW

NAMES = (*(signal.name for signal in SIGNALS), ERROR)


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Signals of n transactions, (n, len(NAMES)), and their event times."""

    values: NDArray[np.float64]
    times_ms: NDArray[np.int64]

    @classmethod
    def of(cls, table: pa.Table, artifact: Artifact) -> "Signals":
        """Score a history as the job does, from empty, with each label when it is known."""
        scorer, labels = HistoryScorer(artifact), LabelFeed(table)
        batches = table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches(max_chunksize=4_096)
        scored = [scorer.score(records, *labels.before(records)) for records in batches]
        scores = np.concatenate([batch.scores for batch in scored])
        alerted = np.concatenate([batch.decisions for batch in scored]) != Decision.APPROVE
        matrix = signal_matrix(np.concatenate([batch.x for batch in scored]), scores, alerted)
        error = squared_error(scores, table["is_fraud"].to_numpy())
        return cls(values=np.column_stack([matrix, error]), times_ms=table["event_time"].cast(pa.int64()).to_numpy())

    def shuffled(self, seed: int) -> "Signals":
        """Return the same transactions in random sequence: stationary, even over the time of day."""
        order = np.random.default_rng(seed).permutation(len(self.times_ms))
        return Signals(values=self.values[order], times_ms=self.times_ms[order])

    def __len__(self) -> int:
        return len(self.times_ms) // OBSERVATION_SIZE * OBSERVATION_SIZE


Stream = Mapping[str, Sequence[SignalObservation]]
"""Observations by signal."""


def observed(signals: Signals, manifest: Manifest, *, by_week: bool = True) -> Stream:
    """Return the observations, compared with the model's reference, or with its mean alone."""
    known = baselines(manifest)
    chosen = [known[name] if by_week else _flat(manifest, name) for name in NAMES]
    observations = Accumulator(np.stack([baseline.edges for baseline in chosen])).update(
        signals.values, signals.times_ms
    )
    return {
        name: [baseline.compare(observation, index, manifest.model_id) for observation in observations]
        for index, (name, baseline) in enumerate(zip(NAMES, chosen, strict=True))
    }


def _flat(manifest: Manifest, name: str) -> Baseline:
    reference = manifest.signals[name]
    rows = np.array(reference.counts).sum(axis=1)
    share = rows / rows.sum()
    mean = float(share @ reference.means)
    variance = float(share @ (np.array(reference.variances) + (np.array(reference.means) - mean) ** 2))
    same = {"means": [mean] * len(rows), "variances": [variance] * len(rows)}
    return Baseline.of(reference.model_copy(update=same))
