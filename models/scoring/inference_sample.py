"""Logged inputs and outputs of scored transactions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.columns import string_values
from models.features.entities.entity_layout import FIRST_ENTITY_COLUMN
from models.features.hashing import hash_column, hash_pairs
from schemas.label_offset import split_entry


@dataclass(frozen=True, kw_only=True, eq=False)
class InferenceSample:
    """Inputs and scores of n transactions, as the job logged them.

    Parameters
    ----------
    shards : ndarray of int64, (n,)
        Key of the shard that scored each.
    partitions, offsets : ndarray of int64, (n,)
        Position of each in the transactions topic.
    label_offsets : ndarray of int64, (n, P)
        Of each partition of the labels topic, the next label that was not yet known, see `schemas.label_offset`.
    x : ndarray of float32, (n, F)
    scores : ndarray of float32, (n,)
    """

    transactions: list[str]
    customers: list[str]
    shards: NDArray[np.int64]
    partitions: NDArray[np.int64]
    offsets: NDArray[np.int64]
    label_offsets: NDArray[np.int64]
    x: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.transactions)

    @classmethod
    def of(cls, records: pa.RecordBatch, x: NDArray[np.float32]) -> InferenceSample:
        """Return the sample in a batch of the inference topic's columns, its features apart."""
        numbers = {name: records.column(name).to_numpy().astype(np.int64) for name in ("shard", "partition", "offset")}
        return cls(
            transactions=string_values(records.column("transaction_id")),
            customers=string_values(records.column("customer_id")),
            shards=numbers["shard"],
            partitions=numbers["partition"],
            offsets=numbers["offset"],
            label_offsets=_matrix(records.column("label_offsets")),
            x=x,
            scores=records.column("score").to_numpy(),
        )

    @property
    def with_entities(self) -> NDArray[np.bool_]:
        """Mask of the rows with entity features, (n,)."""
        return self.logged[:, FIRST_ENTITY_COLUMN]

    @property
    def logged(self) -> NDArray[np.bool_]:
        """Mask of the features that were logged, (n, F): an earlier version had the first ones, and the rest is NaN."""
        known: NDArray[np.bool_] = np.logical_or.accumulate(~np.isnan(self.x[:, ::-1]), axis=1)[:, ::-1]
        return known

    def keys(self) -> NDArray[np.uint64]:
        """Return the hash of each row's customer and transaction id, see `transaction_hashes`."""
        return hash_pairs(*(hash_column(pa.array(ids, pa.string())) for ids in (self.customers, self.transactions)))

    def take(self, rows: NDArray[np.int64]) -> InferenceSample:
        """Return some of the rows."""
        return replace(
            self,
            transactions=[self.transactions[row] for row in rows.tolist()],
            customers=[self.customers[row] for row in rows.tolist()],
            shards=self.shards[rows],
            partitions=self.partitions[rows],
            offsets=self.offsets[rows],
            label_offsets=self.label_offsets[rows],
            x=self.x[rows],
            scores=self.scores[rows],
        )

    def of_present_labels(self) -> InferenceSample:
        """Return the rows whose shard knew labels of the labels topic that is there now, their offsets in it.

        Where the topic was created again, what was logged before is about labels that no topic holds any more. That the
        newest row is about the present topic is assumed.
        """
        generations, _ = split_entry(self.label_offsets)
        newest = generations.max(initial=0)
        rows = np.flatnonzero(generations.max(axis=1, initial=0) == newest)
        found = self.take(rows)
        offsets = np.where(generations[rows] == newest, split_entry(found.label_offsets)[1], 0)
        return replace(found, label_offsets=offsets)

    @property
    def knows_former_labels(self) -> bool:
        """Whether the labels topic was created again: labels of the former one are still known, and in no topic."""
        return bool(split_entry(self.label_offsets)[0].max(initial=0))


def _matrix(vectors: pa.ListArray) -> NDArray[np.int64]:
    """Return a list column as rows of one width; a partition that is not listed had given no label yet."""
    lengths = np.diff(vectors.offsets.to_numpy())
    matrix = np.zeros((len(vectors), int(lengths.max(initial=0))), np.int64)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = vectors.flatten().to_numpy()
    return matrix
