from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.engine import FeatureEngine
from models.features.label_batch import NO_LABELS, LabelBatch
from models.features.pool import Load
from models.scoring.artifact import Artifact
from models.scoring.decision import decide
from models.scoring.model import OnnxModel


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ScoredBatch:
    """What `TransactionScorer.score` found out about n transactions, in their order.

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
    fate : ndarray of uint8, (n,)
        Whether each is in the history, a duplicate, or too old: see `FeatureBatch.fate`.
    changed : dict of str to bytes
        The new encoded history of each customer that the batch changed: to be stored before the next batch.
        Empty for a scorer without a store.
    """

    customers: list[str]
    scores: NDArray[np.float32]
    decisions: NDArray[np.uint8]
    x: NDArray[np.float32]
    fate: NDArray[np.uint8]
    changed: dict[str, bytes]


class TransactionScorer:
    """Scores transactions in the order they come: the one path that the job and the offline replay both take.

    A transaction's score does not depend on how the stream was cut into batches, bit for bit.

    Parameters
    ----------
    artifact : Artifact
        From `load_artifact`.
    load : callable of str to bytes or None, or None
        Answers with what `ScoredBatch.changed` last held for a customer. None: memory is all, and grows.
    load_merchant, load_customer : callable of str to bytes or None, or None
        As ``load``, for the known labels that `take_changed_labels` gives.
    capacity : int
        Customers, and merchants, held in memory; when full it is emptied.
    model : OnnxModel or None
        The artifact's, where it is loaded already.
    """

    def __init__(
        self,
        artifact: Artifact,
        *,
        load: Load | None,
        load_merchant: Load | None = None,
        load_customer: Load | None = None,
        capacity: int = 16_384,
        model: OnnxModel | None = None,
    ) -> None:
        self._model = model or OnnxModel(artifact.onnx)
        self._stored = load is not None
        self._review = artifact.manifest.review_threshold
        self._block = artifact.manifest.block_threshold
        self._engine = FeatureEngine(
            load=load,
            load_merchant=load_merchant,
            load_customer=load_customer,
            capacity=capacity,
            category_risk=artifact.category_risk,
            type_risk=artifact.type_risk,
        )

    def score(
        self,
        records: pa.RecordBatch,
        labels: LabelBatch = NO_LABELS,
        labels_before: NDArray[np.int64] | None = None,
    ) -> ScoredBatch:
        """Advance the histories by a batch and score it.

        Parameters
        ----------
        records : pyarrow.RecordBatch of TRANSACTION_ARROW
            In the order of arrival.
        labels, labels_before
            Labels that arrive with the batch, see `FeatureEngine.advance`.
        """
        batch = self._engine.advance(records, labels, labels_before)
        scores = self._engine.remember(batch, self._model.score(batch.x))
        return ScoredBatch(
            customers=batch.customers,
            scores=scores,
            decisions=decide(scores, self._review, self._block),
            x=batch.x,
            fate=batch.fate,
            changed=self._engine.changed(batch) if self._stored else {},
        )

    def preview(self, records: pa.RecordBatch) -> NDArray[np.float32]:
        """Return the features of transactions that are not taken in, see `FeatureEngine.preview`."""
        return self._engine.preview(records)

    def merchant_awaits_storing(self, merchant: str) -> bool:
        """Return whether `take_changed_labels` would give a merchant."""
        return self._engine.merchant_awaits_storing(merchant)

    def customer_awaits_storing(self, customer: str) -> bool:
        """Return whether `take_changed_labels` would give a customer."""
        return self._engine.customer_awaits_storing(customer)

    def drop(self, customers: Sequence[str], merchants: Sequence[str]) -> None:
        """Forget customers and merchants that the stores have forgotten."""
        self._engine.drop(customers, merchants)

    def learn(self, labels: LabelBatch) -> None:
        """Take in labels that arrive without transactions."""
        self._engine.learn(labels)

    def take_changed_labels(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return what to store of merchants and of customers, see `FeatureEngine.take_changed_labels`."""
        return self._engine.take_changed_labels()
