"""The entity operator: Flink's side of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.current_key import CurrentKey
from jobs.operators.declared_state import open_entity_state
from jobs.operators.entity_batch import decode_entity_batches
from jobs.operators.entity_counts import EntityCounts
from jobs.operators.entity_reply import encode_reply
from jobs.operators.joint_shard import JointShard
from jobs.operators.label_blobs import decode_entity_labels
from jobs.operators.micro_batch import MicroBatch, sharded
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.record_types import ENTITY_EVENTS, ENTITY_LABELS, ENTITY_REPLY
from models.declared.declared_features import aggregates_of
from models.declared.warm_up import warm_up_aggregates
from models.features.warm_up import warm_up


class AdvanceEntities(ReleasingOperator):
    """Live features and known labels of merchants and devices; keyed by entity shard, so that all of an entity meet.

    A blob has the events or labels of all shards of this subtask, under the key of their lane, and gives one reply.
    For what an event meets see `EntityEngine`, for what a label meets `FeatureEngine`, for what is stored
    `EntityState`, for declared features `AggregateEngine` and `DeclaredState`.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state, and compile the kernels before the first batch comes."""
        super().open(runtime_context)
        self._declared = aggregates_of(self._config.declared)
        self._state, _ = open_entity_state(runtime_context, self._config.mode, self._declared)
        self._current_key = CurrentKey(runtime_context)
        self._shards: dict[int, JointShard] = {}
        self._counts = EntityCounts(runtime_context)
        warm_up()
        if self._declared is not None:
            warm_up_aggregates()

    def process_element(self, value: Any, _ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Process one MICRO_BATCH: of ENTITY_LABELS, or of events; then emit a SHARDED_BATCH with the reply."""
        batch = MicroBatch(*value)
        if batch.kind == ENTITY_LABELS:
            for key, labels, positions in decode_entity_labels(batch.payloads[0]):
                self._switch(key).entities.learn(labels, positions)
            return
        number, customer_shard = batch.positions
        replies = []
        for key, events in decode_entity_batches(batch.payloads[0]):
            shard = self._switch(key)
            replies.append(shard.advance(events) if batch.kind == ENTITY_EVENTS else shard.describe(events))
            self._counts.update(key, shard.figures)
        yield sharded(customer_shard, ENTITY_REPLY, encode_reply(number, replies), [number])

    def _switch(self, key: int) -> JointShard:
        """Return a shard, whose key is the current one from now on."""
        self._current_key.switch(key)
        if key not in self._shards:
            capacity = self._config.entities_per_shard
            self._shards[key] = JointShard(
                self._state, capacity, with_labels=self._config.labels, declared=self._declared
            )
        return self._shards[key]
