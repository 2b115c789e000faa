"""Scoring path of job and offline replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.batch import FeatureBatch
from models.features.engine import FeatureEngine
from models.features.entities.entity_inputs import EntityInputs
from models.features.label_batch import NO_LABELS, LabelBatch
from models.features.pool import Load
from models.scoring.artifact import Artifact, Manifest
from models.scoring.loaded_model import LoadedModel
from models.scoring.served_models import EnsembleScores, ServedModels, decided
from schemas.row_selection import Rows, items_of


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decisions:
    """Decisions on n transactions, in their order.

    Parameters
    ----------
    customers : list of str
        customer_id of each transaction.
    scores : ndarray of float32, (n,)
        Probabilities of fraud; a duplicate has its first score.
    decisions : ndarray of uint8, (n,)
        Values of `Decision`.
    x : ndarray of float32, (n, F)
        The features that were scored.
    entity_sequences : ndarray of int64, (n, E)
        Sequence number of each entity's event, see `FeatureBatch.entity_sequences`.
    entity_label_offsets : ndarray of int64, (n, ...)
        See `EntityInputs.label_offsets`.
    """

    customers: list[str]
    scores: NDArray[np.float32]
    decisions: NDArray[np.uint8]
    x: NDArray[np.float32]
    entity_sequences: NDArray[np.int64]
    entity_label_offsets: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ScoredBatch(Decisions):
    """Result of `TransactionScorer.score` for n transactions, in their order; ``x`` has the champion's fraud rates.

    Parameters
    ----------
    ingest_status : ndarray of uint8, (n,)
        Whether each is in the history, a duplicate, or too old: see `FeatureBatch.ingest_status`.
    added : ndarray of ENTRY, (n,)
        Each transaction as its history keeps it, see `TransactionScorer.restore`; of a duplicate without meaning.
    """

    ingest_status: NDArray[np.uint8]
    added: NDArray[np.void]
    ensemble_scores: EnsembleScores

    def split_by_model(self) -> Iterator[tuple[int, NDArray[np.int64] | None, Decisions]]:
        """Yield each model that decided: its number, its rows, and what it decided, with the features as it knows them.

        See `EnsembleScores.deciding_model` for the numbers; rows None: all of them.
        """
        by = self.ensemble_scores.deciding_model
        if by is None:
            yield 0, None, self
            return
        for number in np.unique(by).tolist():
            rows = np.flatnonzero(by == number)
            x = self.x if number == 0 else self.ensemble_scores.challenger_scores[number - 1].x
            part = Decisions(
                customers=[self.customers[row] for row in rows.tolist()],
                scores=self.scores[rows],
                decisions=self.decisions[rows],
                x=x[rows],
                entity_sequences=self.entity_sequences[rows],
                entity_label_offsets=self.entity_label_offsets[rows],
            )
            yield number, rows, part

    def part(self, rows: slice | Rows) -> ScoredBatch:
        """Return some rows."""
        customers = self.customers[rows] if isinstance(rows, slice) else items_of(self.customers, rows)
        return ScoredBatch(
            customers=customers,
            scores=self.scores[rows],
            decisions=self.decisions[rows],
            x=self.x[rows],
            entity_sequences=self.entity_sequences[rows],
            entity_label_offsets=self.entity_label_offsets[rows],
            ingest_status=self.ingest_status[rows],
            added=self.added[rows],
            ensemble_scores=self.ensemble_scores.part(rows),
        )

    def put(self, rows: Rows, other: ScoredBatch) -> None:
        """Put another batch of the same models in place of some rows, in arrays that are this batch's own."""
        for name in ("scores", "decisions", "x", "entity_sequences", "entity_label_offsets", "ingest_status", "added"):
            getattr(self, name)[rows] = getattr(other, name)
        self.ensemble_scores.put(rows, other.ensemble_scores)

    def by_champion(self, manifest: Manifest) -> Decisions:
        """Return what the champion makes of all n transactions, whichever model decided."""
        by = self.ensemble_scores.deciding_model
        if by is None:
            return self
        scores = np.where(by == 0, self.scores, self.ensemble_scores.champion)
        return Decisions(
            customers=self.customers,
            scores=scores,
            decisions=decided(manifest, scores),
            x=self.x,
            entity_sequences=self.entity_sequences,
            entity_label_offsets=self.entity_label_offsets,
        )


class TransactionScorer:
    """Scores transactions in the order they come: the one path that the job and the offline replay both take.

    A transaction's score does not depend on how the stream was cut into batches, bit for bit.

    Parameters
    ----------
    model : Artifact or ServedModels
        An artifact's model alone, or several.
    load : callable of str to bytes or None, or None
        Answers with what `records` last gave for a customer. None: memory is all, and grows.
    load_labels : callable of str to bytes or None, or None
        As ``load``, for the known labels that `pop_changed_labels` gives.
    capacity : int
        Customers held in memory, see `Pool`.
    """

    def __init__(
        self,
        model: Artifact | ServedModels,
        *,
        load: Load | None,
        load_labels: Load | None = None,
        capacity: int = 16_384,
    ) -> None:
        self._engine = FeatureEngine(load=load, load_labels=load_labels, capacity=capacity)
        self.serve(model if isinstance(model, ServedModels) else ServedModels(models=(LoadedModel.of(model),)))

    def serve(self, models: ServedModels) -> None:
        """Score by these models from the next batch on; histories and known labels stay."""
        self._served = models
        artifact = models.champion.artifact
        self._engine.use_tables(artifact.category_risk, artifact.type_risk, artifact.row_columns)

    def score(
        self,
        records: pa.RecordBatch,
        labels: LabelBatch = NO_LABELS,
        labels_before: NDArray[np.int64] | None = None,
        *,
        entities: EntityInputs,
    ) -> ScoredBatch:
        """Advance the histories by a batch and score it.

        Parameters
        ----------
        records : pyarrow.RecordBatch of TRANSACTION_ARROW
            In the order of arrival.
        labels, labels_before
            Labels of the customers that arrive with the batch, see `FeatureEngine.advance`.
        entities : EntityInputs
            Features of the transactions' entities.
        """
        batch = self.advance(records, labels, labels_before, entities=entities)
        return self.answer(batch, self._served.score(records, batch.x, batch.declared_x))

    def advance(
        self,
        records: pa.RecordBatch,
        labels: LabelBatch = NO_LABELS,
        labels_before: NDArray[np.int64] | None = None,
        *,
        entities: EntityInputs,
    ) -> FeatureBatch:
        """Advance the histories by a batch, the first step of `score`: the models score it next."""
        return self._engine.advance(records, labels, labels_before, entities)

    def answer(self, batch: FeatureBatch, ensemble_scores: EnsembleScores) -> ScoredBatch:
        """Remember the scores of the last batch, the last step of `score`."""
        scores = self._engine.remember(batch, ensemble_scores.scores)
        batch.added["score"] = scores
        return ScoredBatch(
            customers=batch.customers,
            scores=scores,
            decisions=self._served.decide(scores, ensemble_scores.deciding_model),
            x=batch.x,
            entity_sequences=batch.entity_sequences,
            entity_label_offsets=batch.entity_label_offsets,
            ingest_status=batch.ingest_status,
            added=batch.added,
            ensemble_scores=ensemble_scores,
        )

    def keep(self) -> None:
        """Keep the batches since the last call, see `FeatureEngine.keep`."""
        self._engine.keep()

    def roll_back(self, customers: Sequence[str]) -> None:
        """Undo what was not kept of these customers, see `FeatureEngine.roll_back`."""
        self._engine.roll_back(customers)

    def restore(self, customers: list[str], added: NDArray[np.void]) -> None:
        """Add transactions that were scored before, see `FeatureEngine.restore`."""
        self._engine.restore(customers, added)

    def changed(self) -> list[str]:
        """Return the customers whose histories `records` would give."""
        return self._engine.changed()

    def records(self, customers: Iterable[str]) -> dict[str, bytes]:
        """Return histories to store, see `FeatureEngine.records`."""
        return self._engine.records(customers)

    def preview(self, records: pa.RecordBatch, *, entities: EntityInputs) -> NDArray[np.float32]:
        """Return the features of transactions that are not added, see `FeatureEngine.preview`."""
        return self._engine.preview(records, entities)

    def awaits_storing(self, customer: str) -> bool:
        """Return whether `records` or `pop_changed_labels` would give a customer."""
        return self._engine.awaits_storing(customer)

    def drop(self, customers: Sequence[str]) -> None:
        """Forget customers that the stores have forgotten."""
        self._engine.drop(customers)

    def learn(self, labels: LabelBatch) -> None:
        """Ingest labels of the customers that arrive without transactions."""
        self._engine.learn(labels)

    def forget_labels(self) -> None:
        """Forget all labels but those that ``load_labels`` finds."""
        self._engine.forget_labels()

    def pop_changed_labels(self) -> dict[str, bytes]:
        """Return the labels of customers to store, see `FeatureEngine.pop_changed_labels`."""
        return self._engine.pop_changed_labels()
