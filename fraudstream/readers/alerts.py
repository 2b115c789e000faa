"""Reader of alerts as they arrive."""

import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, KafkaException

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.new_partitions import NewPartitions
from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.kafka.topic_ids import RecreatedTopics
from fraudstream.kafka.topic_reader import NO_LEADER_YET, topic_ends, topic_starts

POLL_S = 0.2


def read_alerts(
    broker: Broker,
    *,
    min_score: float = 0.0,
    limit: int | None = None,
    timeout_s: float | None = None,
    from_start: bool = False,
) -> Iterator[dict[str, Any]]:
    """Read alerts as they come.

    Parameters
    ----------
    min_score
        Alerts below it are passed over.
    limit
        Maximum number of alerts; None: no limit.
    timeout_s
        Seconds without an alert after which it ends, None for never.
    from_start
        Begin with the oldest alert instead of the next one.

    Yields
    ------
    dict
        The alert's fields, as in `schemas/avro/alert.avsc`.
    """
    topic = broker.topics.alerts
    codecs = broker.codecs(topic)
    recreated = RecreatedTopics.among(broker, [topic])
    consumer = broker.consumer()
    try:
        consumer.assign((topic_starts if from_start else topic_ends)(consumer, [topic]))
        new_partitions = NewPartitions(consumer, [topic], recreated)
        yield from _alerts(consumer, new_partitions, codecs, min_score, limit, timeout_s)
    finally:
        consumer.close()


def _alerts(
    consumer: Consumer,
    new_partitions: NewPartitions,
    codecs: TopicCodecs,
    min_score: float,
    limit: int | None,
    timeout_s: float | None,
) -> Iterator[dict[str, Any]]:
    given = 0
    last = time.monotonic()
    while limit is None or given < limit:
        new_partitions.add()
        message = consumer.poll(POLL_S)
        error = None if message is None else message.error()
        if message is None or (error is not None and error.code() in NO_LEADER_YET):
            if timeout_s is not None and time.monotonic() - last > timeout_s:
                return
            continue
        if error is not None:
            raise KafkaException(error)
        last = time.monotonic()
        alert = codecs.decode(message)
        if alert is not None and alert["score"] >= min_score:
            given += 1
            yield alert
