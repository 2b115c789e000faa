"""Answers to feature queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.operators.settled import NOT_OF_DATA
from jobs.operators.topic_batches import topic_batches
from models.features.table import FEATURE_NAMES, spec_hash
from schemas.avro_schemas import FEATURE_ANSWER
from schemas.codec import RecordCodec
from schemas.registry import SchemaRegistry, value_subject
from schemas.row_selection import records_of
from schemas.validation import event_time_ms

if TYPE_CHECKING:
    import pyarrow as pa
    from pyflink.common import Row

    from jobs.job_config import JobConfig
    from jobs.operators.shard_scorer import ShardScorer
    from models.declared.declared_features import DeclaredFeatures
    from models.features.entities.entity_inputs import EntityInputs


class FeatureAnswers:
    """Answers to the queries topic: the features that a transaction would have if it arrived now.

    A query that makes the features fail is skipped, as one that `QueryReader` leaves out: it has no answer, and
    nothing of the stream is lost. A query has no values of declared columns, so that declared features of entities by
    such a column are missing.

    Parameters
    ----------
    config : JobConfig
    registry : SchemaRegistry
    declared : DeclaredFeatures, optional
        Declared features, which answers have too.
    """

    def __init__(self, config: JobConfig, registry: SchemaRegistry, declared: DeclaredFeatures | None = None) -> None:
        self._declared = () if declared is None else declared.names
        self._topic = config.topics.features
        self._answers = RecordCodec(FEATURE_ANSWER, value_subject(config.topics.features), registry)
        self._spec_hash = spec_hash()

    def to(self, shard: ShardScorer, queries: pa.RecordBatch, entities: EntityInputs, now_ms: int) -> Iterator[Row]:
        """Yield the answers to the queries of a micro-batch, which changes nothing of the shard.

        Parameters
        ----------
        shard : ShardScorer
        queries : pyarrow.RecordBatch of TRANSACTION_ARROW, n rows
            See `QueryReader`.
        entities : EntityInputs
            Of the n transactions.
        now_ms : int
        """
        found = [self._written(shard, queries, entities, row, now_ms) for row in range(queries.num_rows)]
        answers = [answer for answer in found if answer is not None]
        yield from topic_batches(self._topic, [key for key, _ in answers], [written for _, written in answers])

    def _written(
        self, shard: ShardScorer, queries: pa.RecordBatch, entities: EntityInputs, row: int, now_ms: int
    ) -> tuple[str, bytes] | None:
        rows = np.array([row])
        try:
            answer = self._answer(shard, records_of(queries, rows), entities.take(rows), now_ms)
            return answer["customer_id"], self._answers.encode(answer)
        except NOT_OF_DATA:
            raise
        except Exception:
            return None

    def _answer(self, shard: ShardScorer, query: pa.RecordBatch, entities: EntityInputs, now_ms: int) -> dict[str, Any]:
        (features,) = shard.preview(query, entities).tolist()
        found = () if entities.declared_x is None else entities.declared_x[0].tolist()
        declared = dict(zip(self._declared, found, strict=True))
        return {
            "query_id": query.column("transaction_id")[0].as_py(),
            "customer_id": query.column("customer_id")[0].as_py(),
            "event_time": int(event_time_ms(query)[0]),
            "answered_at": now_ms,
            "shard": shard.key,
            "feature_spec_hash": self._spec_hash,
            "label_offsets": shard.label_offsets,
            "features": dict(zip(FEATURE_NAMES, features[: len(FEATURE_NAMES)], strict=True)) | declared,
        }
