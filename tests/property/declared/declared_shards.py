"""Shards of declared features in memory, as the job's entity operator has them."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pyarrow as pa
from pyflink.datastream import RuntimeContext

from jobs.lanes import Lanes
from jobs.operators.declared_shard import DeclaredShard
from jobs.operators.declared_state import DeclaredState
from jobs.operators.entity_batch import EntityBatch, decode_entity_batches
from jobs.operators.entity_reply import Reply, decode_reply, encode_reply
from jobs.shards import SHARD_KEYS, entity_buckets
from models.declared.declared_features import DeclaredFeatures
from models.declared.declared_inputs import with_declared_features
from models.features.entities.entity_inputs import EntityInputs, EventFeatures
from models.features.entities.entity_layout import ENTITY_WIDTH
from models.features.entities.entity_record import EVENT
from models.features.entities.label_layout import LABEL_WIDTH
from tests.unit.jobs.operator_in_memory import Context

SHARDS, PARALLELISM = 4, 2
NO_EVENTS = EventFeatures(
    np.empty(0, np.uint32), np.empty((0, ENTITY_WIDTH), np.float32), np.empty(0, np.int64),
    np.empty((0, LABEL_WIDTH), np.float32), [0],
)  # fmt: skip


class DeclaredShards:
    """All shards of declared features, with their state; events and replies travel as bytes.

    Parameters
    ----------
    context : Context, optional
        State of an earlier one, from which this one is restored.
    """

    def __init__(self, declared: DeclaredFeatures, *, capacity: int = 100, context: Context | None = None) -> None:
        self.context = context or Context()
        self._state = DeclaredState(cast("RuntimeContext", self.context), "thread")
        self._declared, self._capacity = declared, capacity
        self._lanes = Lanes(SHARD_KEYS[SHARDS], PARALLELISM)
        self.shards: dict[int, DeclaredShard] = {}

    def restored(self, declared: DeclaredFeatures | None = None, capacity: int | None = None) -> "DeclaredShards":
        """Return the shards as they are after a restart."""
        return DeclaredShards(declared or self._declared, capacity=capacity or self._capacity, context=self.context)

    def advance(self, records: pa.RecordBatch) -> EntityInputs:
        """Advance the entities of a batch; return their features, and sequence numbers after two of no entity."""
        return self._gathered(records, lambda shard, batch: shard.advance(batch))

    def describe(self, records: pa.RecordBatch) -> EntityInputs:
        """Return the features that a batch would have."""
        return self._gathered(records, lambda shard, batch: shard.describe(batch))

    def all(self) -> Iterator[DeclaredShard]:
        """Yield the shards that have had events, each with its key current."""
        for key in SHARD_KEYS[SHARDS]:
            self.context.key = key
            yield self.shard(key)

    def shard(self, key: int) -> DeclaredShard:
        """Return a shard, whose key is the current one from now on."""
        self.context.key = key
        if key not in self.shards:
            self.shards[key] = DeclaredShard(self._state, self._declared, self._capacity)
        return self.shards[key]

    def _gathered(self, records: pa.RecordBatch, reply: Any) -> EntityInputs:
        batch = EntityBatch(np.empty(0, EVENT), np.empty(0), self._declared.events(records))
        replies = []
        for _, blob in batch.by_lane(self._parts):
            found = [
                Reply(NO_EVENTS, reply(self.shard(key), part.declared)) for key, part in decode_entity_batches(blob)
            ]
            replies.append(decode_reply(encode_reply(7, found))[1].declared)
        return with_declared_features(EntityInputs.missing(len(records)), self._declared, replies)

    def _parts(self, keys: np.ndarray) -> Any:
        return self._lanes.parts((entity_buckets(keys) % np.uint64(SHARDS)).astype(np.int64))
