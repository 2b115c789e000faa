"""Scoring of a history."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.declared.declared_engine import tracker_of
from models.features.entities.entity_tracker import EntityTracker
from models.features.label_batch import NO_LABELS, LabelBatch
from models.scoring.artifact import Artifact
from models.scoring.served_models import ServedModels
from models.scoring.transaction_scorer import ScoredBatch, TransactionScorer


class HistoryScorer:
    """Scores transactions in event order, from empty, with the state of customers and entities in memory."""

    def __init__(self, model: Artifact | ServedModels) -> None:
        self._scorer = TransactionScorer(model, load=None)
        artifact = model if isinstance(model, Artifact) else model.champion.artifact
        self._entities = EntityTracker(declared=tracker_of(artifact.row_columns))

    def score(
        self,
        records: pa.RecordBatch,
        labels: LabelBatch = NO_LABELS,
        labels_before: NDArray[np.int64] | None = None,
    ) -> ScoredBatch:
        """Score a batch, see `TransactionScorer.score`."""
        inputs = self._entities.advance(records, labels, labels_before)
        return self._scorer.score(records, labels, labels_before, entities=inputs)

    def learn(self, labels: LabelBatch) -> None:
        """Add labels that arrive without transactions."""
        self._scorer.learn(labels)
        self._entities.learn(labels)
