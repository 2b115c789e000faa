"""Features of a batch of transactions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOO_OLD, KEPT, DUPLICATE = 0, 1, 2
"""Ingest status of a transaction, see `FeatureBatch.ingest_status`."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FeatureBatch:
    """Result of `FeatureEngine.advance` for n transactions, in their order.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        The model's input, C-contiguous, never NaN: `FEATURES`, then those of declared columns.
    first_index : ndarray of int64, (n,)
        For a duplicate of a transaction of this batch that transaction's index, else -1.
    first_score : ndarray of float32, (n,)
        For a duplicate of an earlier batch's transaction the score kept for it, else NaN.
    ingest_status : ndarray of uint8, (n,)
        KEPT: now in its customer's history; DUPLICATE: its transaction_id was there already, it changes no
        state; TOO_OLD: older than all K that a full history keeps, it is in the tiles alone.
    customers : list of str
        customer_id of each transaction.
    slots : ndarray of int64, (n,)
        Where the pool holds each customer; good until the next `advance`.
    added : ndarray of ENTRY, (n,)
        Each transaction as its history keeps it, its score being -(1 + its index); of a duplicate without meaning.
    entity_sequences : ndarray of int64, (n, E)
        Sequence number of each entity's event, see `EntityInputs`.
    entity_label_offsets : ndarray of int64, (n, ...)
        Labels that the entities knew, see `EntityInputs.label_offsets`.
    declared_x : ndarray of float32, (n, D), or None
        Declared aggregates, see `EntityInputs.declared_x`, for models that read others than the champion.
    """

    x: NDArray[np.float32]
    first_index: NDArray[np.int64]
    first_score: NDArray[np.float32]
    ingest_status: NDArray[np.uint8]
    customers: list[str]
    slots: NDArray[np.int64]
    added: NDArray[np.void]
    entity_sequences: NDArray[np.int64]
    entity_label_offsets: NDArray[np.int64]
    declared_x: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.customers)
