"""The decoding operator: micro-batches become columns for their shard and events for the shards of their entities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.decoded_batch import DecodedBatch, encode_originals
from jobs.operators.guarded_decoder import GuardedDecoder, plain_record
from jobs.operators.micro_batch import MicroBatch, sharded
from jobs.operators.plain_records import PLAIN_TRANSACTION
from jobs.operators.query_reader import QueryReader
from jobs.operators.settled import NOT_OF_DATA
from jobs.record_types import (
    DECODED,
    ENTITY_EVENTS,
    QUERIED_ENTITIES,
    QUERIES,
    SHARDED_BATCH,
    TRANSACTIONS,
    kafka_times_ms,
)
from jobs.shards import SHARD_KEYS
from models.features.entities.entity_events import entity_events
from models.features.warm_up import warm_up
from schemas import avro_schemas
from schemas.registry import value_subject
from schemas.rejection import Rejection
from schemas.resilient_registry import open_steady_registry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.wall_clock import now_ms

EVENTS = OutputTag("entity-events", SHARDED_BATCH)

_UNUSED_BITS = np.uint64(7)  # of the hash: the lowest ones choose an entity's slot in hash tables


class DecodeBatch(KeyedProcessFunction):
    """Decoder of micro-batches of transactions and of queries; keyed by shard, so that a customer's stay in order.

    A batch is two kinds of output: itself, decoded, for its own shard, and under EVENTS the events of its merchants
    and devices, one blob for each entity shard that has any. It has no state.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, _runtime_context: RuntimeContext) -> None:
        """Open the registry and the decoders."""
        config = self._config
        registry = open_steady_registry(config.registry)
        subject = value_subject(config.topics.transactions)
        decoder = TransactionBatchDecoder(subject, registry, config.limits)
        plain = plain_record(avro_schemas.TRANSACTION, subject, registry, PLAIN_TRANSACTION)
        self._decoder = GuardedDecoder(decoder, plain)
        self._stricter = GuardedDecoder(decoder, plain, entity_events)
        self._queries = QueryReader(config, registry)
        self._entity_shards = SHARD_KEYS[config.entity_shards]
        warm_up()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Process one MICRO_BATCH of TRANSACTIONS or QUERIES; emit SHARDED_BATCHes."""
        batch, shard = MicroBatch(*value), ctx.get_current_key()
        records, rejections, entities = self._decoded(batch)
        events = self._by_entity_shard(entities)
        # Queries and transactions have positions in topics of their own.
        number = batch.positions[0] if batch.kind == TRANSACTIONS else -1 - batch.positions[0]
        decoded = DecodedBatch(
            kind=batch.kind,
            number=number,
            entity_shards=tuple(events),
            records=records,
            rejections=rejections,
            positions=np.array(batch.positions, np.int64),
            originals=encode_originals(batch.keys, batch.payloads),
        )
        yield sharded(shard, DECODED, decoded.encode(), [number])
        kind = ENTITY_EVENTS if batch.kind == TRANSACTIONS else QUERIED_ENTITIES
        for entity_shard, mine in events.items():
            yield EVENTS, sharded(entity_shard, kind, mine.tobytes(), [number, shard])

    def _decoded(self, batch: MicroBatch) -> tuple[pa.RecordBatch, list[Rejection], NDArray[Any]]:
        """Return the good records, the others, and the events of the good ones."""
        if batch.kind == QUERIES:
            queries = self._queries.read(batch.keys, batch.payloads, now_ms())
            return queries, [], entity_events(queries)
        times_ms = kafka_times_ms(batch.stamps)
        decoded = self._decoder.decode(batch.keys, batch.payloads, times_ms)
        try:
            events = entity_events(decoded.records)
        except NOT_OF_DATA:
            raise
        except Exception:
            decoded = self._stricter.decode(batch.keys, batch.payloads, times_ms)
            events = entity_events(decoded.records)
        return decoded.records, decoded.rejections, events

    def _by_entity_shard(self, events: NDArray[Any]) -> dict[int, NDArray[Any]]:
        count = len(self._entity_shards)
        if not len(events):
            return {}
        if count == 1:
            return {self._entity_shards[0]: events}
        indices = (events["key"] >> _UNUSED_BITS) % np.uint64(count)
        return {self._entity_shards[index]: events[indices == index] for index in np.unique(indices).tolist()}
