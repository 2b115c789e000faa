"""Reader of all records of one kind that a topic has now."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from confluent_kafka import Message

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.kafka.topic_reader import read_topic

T = TypeVar("T")


def read_records(
    broker: Broker,
    topic: str,
    parse: Callable[[dict[str, Any]], T] = lambda record: record,  # type: ignore[assignment,return-value]
    *,
    since_ms: int | None = None,
    accepts: Callable[[Message], bool] = lambda _message: True,
    kind: str | None = None,
) -> Iterator[tuple[Message, T]]:
    """Read all records of a kind that a topic holds now, and report those that are not of it.

    Parameters
    ----------
    broker, topic
        Connection to the brokers.
    parse
        Conversion of a record; one that it rejects is skipped too.
    since_ms
        Begin with the first record of this Kafka time, milliseconds since 1970; None: with the oldest.
    accepts
        Whether to decode a message at all; others are neither given nor counted.
    kind
        Record kind; None: the topic's own by the topic table, which does not name a standby's topics.

    Raises
    ------
    RegistryUnavailableError
        The registry does not answer, and what a record is depends on it.
    RuntimeFailure
        As `read_topic`.
    """
    kinds = {topic: kind or broker.topics.row(topic).kind}
    codecs = TopicCodecs(broker.settings, kinds, registry=broker.registry(), at_once=False)
    try:
        for message in read_topic(broker, topic, since_ms=since_ms):
            if accepts(message):
                found = codecs.parse(message, parse)
                if found is not None:
                    yield message, found
    finally:
        codecs.report(topic)
