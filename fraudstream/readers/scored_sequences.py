"""Sequence numbers of entity events in the scores topic."""

from collections.abc import Callable, Iterator
from itertools import islice

import pyarrow as pa

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_reader import read_topic
from models.scoring.recorded_sequences import NamedSequences
from schemas.avro_schemas import SCORE
from schemas.columnar_decoder import ColumnarDecoder
from schemas.columns import SCORE_ARROW
from schemas.registry import value_subject

ROWS_AT_ONCE = 10_000


def read_scored_sequences(broker: Broker, *, progress: Callable[[int], None] = lambda _read: None) -> NamedSequences:
    """Read the sequence numbers of all scores that the topic holds now; records that are no scores are left out.

    Parameters
    ----------
    broker
        Connection to the brokers.
    progress
        Called with the number of records read so far.
    """
    return NamedSequences.of(_batches(broker, progress))


def _batches(broker: Broker, progress: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    topic = broker.topics.scores
    decoder = ColumnarDecoder(SCORE, SCORE_ARROW, value_subject(topic), registry_of(broker.settings))
    messages, read = read_topic(broker, topic), 0
    while some := list(islice(messages, ROWS_AT_ONCE)):
        yield decoder.decode([message.value() or b"" for message in some])[0]
        read += len(some)
        progress(read)
