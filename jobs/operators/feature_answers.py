"""Answers to feature queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from jobs.operators.settled import NOT_OF_DATA
from jobs.operators.topic_batches import topic_batches
from models.features.table import FEATURE_NAMES, spec_hash
from schemas.avro_schemas import FEATURE_ANSWER, FEATURE_QUERY
from schemas.codec import RecordCodec, UndecodableError
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import SchemaRegistry, UnknownSchemaError, value_subject
from schemas.validation import TRANSACTION_CHECKS, Arrival, reject

if TYPE_CHECKING:
    from pyflink.common import Row

    from jobs.job_config import JobConfig
    from jobs.operators.shard_scorer import ShardScorer


class FeatureAnswers:
    """Answers to the queries topic: the features that a transaction would have if it arrived now.

    A query that can't be decoded, breaks a transaction's limits or makes the features fail is skipped: it has no
    answer, and nothing of the stream is lost.
    """

    def __init__(self, config: JobConfig, registry: SchemaRegistry) -> None:
        topics = config.topics
        self._topic = topics.features
        self._queries = RecordCodec(FEATURE_QUERY, value_subject(topics.queries), registry)
        self._answers = RecordCodec(FEATURE_ANSWER, value_subject(topics.features), registry)
        self._limits = config.limits
        self._spec_hash = spec_hash()

    def to(
        self, shard: ShardScorer, keys: Sequence[str | None], payloads: Sequence[bytes], now_ms: int
    ) -> Iterator[Row]:
        """Yield the answers to the queries of a micro-batch, which changes nothing of the shard."""
        asked = zip(keys, payloads, strict=True)
        found = [self._written(shard, key, payload, now_ms) for key, payload in asked]
        answers = [answer for answer in found if answer is not None]
        yield from topic_batches(self._topic, [key for key, _ in answers], [written for _, written in answers])

    def _written(self, shard: ShardScorer, key: str | None, payload: bytes, now_ms: int) -> tuple[str, bytes] | None:
        try:
            answer = self._answer(shard, key, payload, now_ms)
            return None if answer is None else (answer["customer_id"], self._answers.encode(answer))
        except NOT_OF_DATA:
            raise
        except Exception:
            return None

    def _answer(self, shard: ShardScorer, key: str | None, payload: bytes, now_ms: int) -> dict[str, Any] | None:
        if len(payload) > self._limits.max_record_bytes:
            return None
        try:
            query = self._queries.decode(payload)
            transaction = {**query, "transaction_id": query["query_id"]}
            record = pa.RecordBatch.from_pylist([transaction], schema=TRANSACTION_ARROW)
        except (UndecodableError, UnknownSchemaError, pa.ArrowInvalid):
            return None
        if reject(Arrival(record, [key], np.array([now_ms])), self._limits, TRANSACTION_CHECKS):
            return None
        (features,) = shard.preview(record).tolist()
        return {
            "query_id": query["query_id"],
            "customer_id": query["customer_id"],
            "event_time": query["event_time"],
            "answered_at": now_ms,
            "shard": shard.key,
            "feature_spec_hash": self._spec_hash,
            "label_offsets": shard.label_offsets,
            "features": dict(zip(FEATURE_NAMES, features, strict=True)),
        }
