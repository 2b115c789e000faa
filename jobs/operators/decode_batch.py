"""The decoding operator: micro-batches become columns for their shard, and events and labels for lanes of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext

from jobs.job_config import JobConfig
from jobs.lanes import LanePart, Lanes
from jobs.operators.decoded_batch import DecodedBatch, encode_originals
from jobs.operators.entity_batch import EntityBatch
from jobs.operators.guarded_decoder import GuardedDecoder, declared_record, plain_record
from jobs.operators.label_blobs import customer_blobs, entity_blobs, rejected_labels
from jobs.operators.label_reader import LabelReader
from jobs.operators.micro_batch import MicroBatch, sharded
from jobs.operators.plain_records import PLAIN_LABEL, PLAIN_TRANSACTION
from jobs.operators.query_reader import QueryReader
from jobs.operators.settled import NOT_OF_DATA
from jobs.record_types import (
    CUSTOMER_LABELS,
    DECODED,
    ENTITY_EVENTS,
    ENTITY_LABELS,
    LABELS,
    QUERIED_ENTITIES,
    QUERIES,
    SHARDED_BATCH,
    TRANSACTIONS,
    kafka_times_ms,
)
from jobs.shards import SHARD_KEYS, entity_buckets
from models.declared.declared_features import aggregates_of
from models.features.entities.entity_events import entity_events_and_units
from models.features.entities.entity_labels import labels_by_entity
from models.features.warm_up import warm_up
from schemas import avro_schemas
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import value_subject
from schemas.rejection import Rejection
from schemas.resilient_registry import open_steady_registry
from schemas.row_selection import items_of
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.wall_clock import now_ms

EVENTS = OutputTag("entity-events", SHARDED_BATCH)


class DecodeBatch(KeyedProcessFunction):
    """Decoder of micro-batches of transactions, queries and labels; keyed by shard, so that a customer's stay in order.

    A batch of transactions or queries is two kinds of output: itself, decoded, for its own shard, and under EVENTS the
    events of its merchants and devices, one blob for each lane of entity shards that has any. Labels come with all
    others of their partition, and go to the shards of their customers, and under EVENTS to those of their entities,
    again one blob for each lane. It has no state.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, _runtime_context: RuntimeContext) -> None:
        """Open the registry and the decoders."""
        config = self._config
        registry = open_steady_registry(config.registry)
        subject = value_subject(config.topics.transactions)
        declared = config.declared
        decoder = TransactionBatchDecoder(subject, registry, config.limits, declaration=declared)
        if declared is None:
            plain = plain_record(avro_schemas.TRANSACTION, subject, registry, PLAIN_TRANSACTION)
        else:
            plain = declared_record(declared, subject, registry)
        self._decoder = GuardedDecoder(decoder, plain)
        self._declared = aggregates_of(declared)
        self._stricter = GuardedDecoder(decoder, plain, self._events)
        self._queries = QueryReader(config, registry, self._events)
        subject = value_subject(config.topics.labels)
        self._labels = LabelReader(
            LabelBatchDecoder(subject, registry, config.limits),
            plain_record(avro_schemas.LABEL, subject, registry, PLAIN_LABEL),
        )
        self._customer_lanes = Lanes(SHARD_KEYS[config.shards], config.parallelism)
        self._entity_lanes = Lanes(SHARD_KEYS[config.entity_shards], config.parallelism)
        warm_up()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Process one MICRO_BATCH of TRANSACTIONS, QUERIES or LABELS; emit SHARDED_BATCHes."""
        batch, shard = MicroBatch(*value), ctx.get_current_key()
        yield from self._sent_labels(batch, shard) if batch.kind == LABELS else self._sent_events(batch, shard)

    def _sent_events(self, batch: MicroBatch, shard: int) -> Iterator[Any]:
        records, rejections, entities = self._decoded(batch)
        blobs = entities.by_lane(self._entity_parts)
        # Queries and transactions have positions in topics of their own.
        number = batch.positions[0] if batch.kind == TRANSACTIONS else -1 - batch.positions[0]
        decoded = DecodedBatch(
            kind=batch.kind,
            number=number,
            replies=len(blobs),
            records=records,
            rejections=rejections,
            positions=np.array(batch.positions, np.int64),
            originals=encode_originals(batch.keys, batch.payloads),
        )
        yield sharded(shard, DECODED, decoded.encode(), [number])
        kind = ENTITY_EVENTS if batch.kind == TRANSACTIONS else QUERIED_ENTITIES
        for lane, blob in blobs:
            yield EVENTS, sharded(lane, kind, blob, [number, shard])

    def _sent_labels(self, batch: MicroBatch, shard: int) -> Iterator[Any]:
        read = self._labels.read(*batch[1:])
        payloads = items_of(batch.payloads, read.rows)
        parts = self._customer_lanes.parts(self._customer_lanes.numbers_of(read.shards))
        for lane, blob in customer_blobs(read.labels, parts, read.positions, payloads):
            yield sharded(lane, CUSTOMER_LABELS, blob, [0])
        labels, rows = labels_by_entity(read.labels)
        for lane, blob in entity_blobs(labels, self._entity_parts(labels["key"]), read.positions[rows]):
            yield EVENTS, sharded(lane, ENTITY_LABELS, blob, [0])
        if read.rejections:
            yield Row(shard, rejected_labels(batch, read.rejections))

    def _decoded(self, batch: MicroBatch) -> tuple[pa.RecordBatch, list[Rejection], EntityBatch]:
        """Return the good records, the others, and the events of the good ones."""
        if batch.kind == QUERIES:
            queries = self._queries.read(batch.keys, batch.payloads, now_ms())
            return queries, [], self._events(queries)
        times_ms = kafka_times_ms(batch.stamps)
        decoded = self._decoder.decode(batch.keys, batch.payloads, times_ms)
        try:
            events = self._events(decoded.records)
        except NOT_OF_DATA:
            raise
        except Exception:
            decoded = self._stricter.decode(batch.keys, batch.payloads, times_ms)
            events = self._events(decoded.records)
        return decoded.records, decoded.rejections, events

    def _entity_parts(self, keys: NDArray[np.uint64]) -> Iterator[LanePart]:
        numbers = entity_buckets(keys) % np.uint64(self._config.entity_shards)
        return self._entity_lanes.parts(numbers.astype(np.int64))

    def _events(self, records: pa.RecordBatch) -> EntityBatch:
        events, units = entity_events_and_units(records)
        return EntityBatch(events, units, () if self._declared is None else self._declared.events(records))
