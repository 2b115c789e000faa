"""The entity operator: Flink's side of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.entity_batch import EntityBatch
from jobs.operators.entity_counts import EntityCounts
from jobs.operators.entity_reply import EntityReply
from jobs.operators.entity_shard import EntityShard
from jobs.operators.entity_state import EntityState
from jobs.operators.label_blobs import decode_entity_labels
from jobs.operators.micro_batch import MicroBatch, sharded
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.record_types import ENTITY_EVENTS, ENTITY_LABELS, ENTITY_REPLY
from models.features.warm_up import warm_up


class AdvanceEntities(ReleasingOperator):
    """Live features and known labels of merchants and devices; keyed by entity shard, so that all of an entity meet.

    For what an event meets see `EntityEngine`, for what a label meets `FeatureEngine`, for what is stored
    `EntityState`.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state, and compile the kernels before the first batch comes."""
        super().open(runtime_context)
        self._state = EntityState(runtime_context, self._config.mode)
        self._shards: dict[int, EntityShard] = {}
        self._counts = EntityCounts(runtime_context)
        warm_up()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Process one MICRO_BATCH: of ENTITY_LABELS, or of events; then emit a SHARDED_BATCH with the reply."""
        batch, key = MicroBatch(*value), ctx.get_current_key()
        if key not in self._shards:
            capacity = self._config.entities_per_shard
            self._shards[key] = EntityShard(self._state, capacity, with_labels=self._config.labels)
        shard = self._shards[key]
        if batch.kind == ENTITY_LABELS:
            shard.learn(*decode_entity_labels(batch.payloads[0]))
            return
        number, customer_shard = batch.positions
        events = EntityBatch.decode(batch.payloads[0])
        features = shard.advance(events) if batch.kind == ENTITY_EVENTS else shard.describe(events)
        self._counts.update(key, shard.figures)
        yield sharded(customer_shard, ENTITY_REPLY, EntityReply(number, features).encode(), [number])
