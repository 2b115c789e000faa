"""The entity operator: Flink's side of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.current_key import CurrentKey
from jobs.operators.entity_batch import decode_entity_batches
from jobs.operators.entity_counts import EntityCounts
from jobs.operators.entity_reply import encode_reply
from jobs.operators.entity_shard import EntityShard
from jobs.operators.entity_state import EntityState
from jobs.operators.label_blobs import decode_entity_labels
from jobs.operators.micro_batch import MicroBatch, sharded
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.record_types import ENTITY_EVENTS, ENTITY_LABELS, ENTITY_REPLY
from models.features.warm_up import warm_up


class AdvanceEntities(ReleasingOperator):
    """Live features and known labels of merchants and devices; keyed by entity shard, so that all of an entity meet.

    A blob has the events or labels of all shards of this subtask, under the key of their lane, and gives one reply.
    For what an event meets see `EntityEngine`, for what a label meets `FeatureEngine`, for what is stored
    `EntityState`.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state, and compile the kernels before the first batch comes."""
        super().open(runtime_context)
        self._state, self._current_key = EntityState(runtime_context, self._config.mode), CurrentKey(runtime_context)
        self._shards: dict[int, EntityShard] = {}
        self._counts = EntityCounts(runtime_context)
        warm_up()

    def process_element(self, value: Any, _ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Process one MICRO_BATCH: of ENTITY_LABELS, or of events; then emit a SHARDED_BATCH with the reply."""
        batch = MicroBatch(*value)
        if batch.kind == ENTITY_LABELS:
            for key, labels, positions in decode_entity_labels(batch.payloads[0]):
                self._switch(key).learn(labels, positions)
            return
        number, customer_shard = batch.positions
        parts = []
        for key, events in decode_entity_batches(batch.payloads[0]):
            shard = self._switch(key)
            parts.append(shard.advance(events) if batch.kind == ENTITY_EVENTS else shard.describe(events))
            self._counts.update(key, shard.figures)
        yield sharded(customer_shard, ENTITY_REPLY, encode_reply(number, parts), [number])

    def _switch(self, key: int) -> EntityShard:
        """Return a shard, whose key is the current one from now on."""
        self._current_key.switch(key)
        if key not in self._shards:
            capacity = self._config.entities_per_shard
            self._shards[key] = EntityShard(self._state, capacity, with_labels=self._config.labels)
        return self._shards[key]
