"""Valid transactions and labels of the topics, with their positions."""

from collections.abc import Callable, Collection, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
from confluent_kafka import Message

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.foreign_records import ForeignRecords
from fraudstream.kafka.position import position_of
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.readers.message_decoding import decoded, transaction_decoder
from models.scoring.positioned_records import PositionedRecords
from schemas.batch_decoder import BatchDecoder
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.declaration.with_declared import with_declared
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import value_subject

ROWS_AT_ONCE = 10_000

Progress = Callable[[int], None]


def read_transactions(
    broker: Broker, customers: Collection[str] | None, *, progress: Progress = lambda _read: None
) -> PositionedRecords:
    """Read the valid transactions of some customers, decoded as the job decodes them.

    Parameters
    ----------
    customers
        Customers; None means all.
    progress
        Called with the number of records read so far, those of other customers too.
    """
    topic = broker.topics.transactions
    # A transaction whose key is not its customer is a dead letter, so the key identifies the customer.
    keys = None if customers is None else {name.encode() for name in customers}
    messages = _counted(read_topic(broker, topic), progress)
    wanted = (item for item in messages if keys is None or item.key() in keys)
    schema = with_declared(TRANSACTION_ARROW, broker.settings.declaration)
    return _positioned(wanted, transaction_decoder(broker), schema, topic)


def read_labels(broker: Broker, *, progress: Progress = lambda _read: None) -> PositionedRecords:
    """Read the good labels, see `read_transactions`."""
    topic = broker.topics.labels
    decoder = LabelBatchDecoder(value_subject(topic), registry_of(broker.settings), broker.settings.job.limits)
    return _positioned(_counted(read_topic(broker, topic), progress), decoder, LABEL_ARROW, topic)


def _positioned(messages: Iterator[Message], decoder: BatchDecoder, schema: pa.Schema, topic: str) -> PositionedRecords:
    """Decode messages as the job does; what it refuses is reported once, and is among its dead letters."""
    foreign = ForeignRecords()
    records, positions = [pa.RecordBatch.from_pylist([], schema=schema)], [np.empty((0, 2), np.int64)]
    while some := list(islice(messages, ROWS_AT_ONCE)):
        batch = decoded(some, decoder)
        records.append(batch.records)
        received = np.array([position_of(item) for item in some], np.int64)
        positions.append(np.delete(received, [rejection.row for rejection in batch.rejections], axis=0))
        for rejection in batch.rejections:
            foreign.skip(some[rejection.row], f"{rejection.reason}: {rejection.detail}")
    foreign.report(topic, "good")
    table = pa.Table.from_batches([batch.cast(schema) for batch in records]).combine_chunks()
    whole = table.to_batches() or records
    partitions, offsets = np.vstack(positions).T
    return PositionedRecords(whole[0], np.ascontiguousarray(partitions), np.ascontiguousarray(offsets))


def _counted(messages: Iterator[Message], progress: Progress) -> Iterator[Message]:
    for read, message in enumerate(messages, 1):
        yield message
        if read % ROWS_AT_ONCE == 0:
            progress(read)
