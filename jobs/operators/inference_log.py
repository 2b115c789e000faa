"""Log of features and scores for a share of the transactions."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.common import Row

from jobs.job_config import JobConfig
from jobs.operators.topic_batches import topic_batches
from models.features.hashing import transaction_hashes
from models.scoring.artifact import Manifest
from models.scoring.transaction_scorer import Decisions
from schemas.inference_batch import InferenceBatchEncoder
from schemas.position import offset_of, partition_of
from schemas.registry import SchemaRegistry, value_subject

HASH_BITS = 53
"""Bits of a transaction's hash: as many as a float counts exactly."""


class InferenceLog:
    """Encoder of features and scores for a share of the transactions.

    The share is chosen by customer and transaction_id: a duplicate, a replay and another run choose the same ones.
    By the id alone, customers who count their transactions from 1 would be logged all at once or not at all.
    """

    def __init__(self, config: JobConfig, manifest: Manifest, registry: SchemaRegistry) -> None:
        self._topic = config.topics.inference
        self._below = np.uint64(round(config.feature_log_share * 2**HASH_BITS))
        self._encoder = InferenceBatchEncoder(
            value_subject(self._topic), registry, model_id=manifest.model_id, spec_hash=manifest.feature_spec_hash
        )

    def sample(
        self,
        records: pa.RecordBatch,
        scored: Decisions,
        positions: NDArray[np.int64],
        shard: int,
        label_offsets: Sequence[int],
        now_ms: int,
    ) -> Iterator[Row]:
        """Yield the TOPIC_BATCHes of the sampled ones among n scored transactions.

        Parameters
        ----------
        records : pyarrow.RecordBatch
            n rows of TRANSACTION_ARROW.
        scored : Decisions
            Their scores and decisions.
        positions : ndarray of int64, (n,)
            Position of each, see `schemas.position`.
        shard : int
            The key of the shard that scored them.
        label_offsets : sequence of int
            Of each partition of the labels topic, the next label that was not yet known.
        now_ms : int
            When they were scored, milliseconds since 1970.
        """
        if not self._below:
            return
        hashes = transaction_hashes(records)
        rows = np.flatnonzero(hashes >> np.uint64(64 - HASH_BITS) < self._below)
        if len(rows) == 0:
            return
        payloads = self._encoder.encode(
            records,
            rows,
            scored.x,
            scored.scores,
            scored.decisions,
            partition_of(positions),
            offset_of(positions),
            scored_at_ms=now_ms,
            shard=shard,
            label_offsets=label_offsets,
            entity_sequences=scored.entity_sequences,
            entity_label_offsets=scored.entity_label_offsets,
        )
        yield from topic_batches(self._topic, [scored.customers[row] for row in rows.tolist()], payloads)
