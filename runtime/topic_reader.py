from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

from confluent_kafka import Consumer, Message, TopicPartition

from runtime.failures import RuntimeFailure
from runtime.settings import Settings
from runtime.topics import client_properties

SILENCE_S = 20.0


def topic_size(settings: Settings, bootstrap_servers: str, topic: str) -> int:
    """Count the records of a topic by its offsets (transaction markers count too)."""
    consumer = _consumer(settings, bootstrap_servers)
    try:
        return sum(high - low for _, low, high in _ranges(consumer, topic))
    finally:
        consumer.close()


def read_topic(
    settings: Settings, bootstrap_servers: str, topic: str, *, since_ms: int | None = None
) -> Iterator[Message]:
    """Read all that a topic holds now, committed records only, each partition in its order.

    Parameters
    ----------
    settings, bootstrap_servers, topic
        Where to read.
    since_ms
        Begin with the first record of this Kafka time, milliseconds since 1970; None: with the oldest.

    Raises
    ------
    RuntimeFailure
        When the broker gives nothing for SILENCE_S before the end.
    """
    consumer = _consumer(settings, bootstrap_servers)
    try:
        ends = {part: high for part, low, high in _ranges(consumer, topic) if high > low}
        if not ends:
            return  # the client refuses to look for times in no partition
        starts = [TopicPartition(topic, part, since_ms or 0) for part in ends]
        # The first offset at or after a time; a partition without such a record is at its end already.
        starts = [start for start in consumer.offsets_for_times(starts, timeout=10) if start.offset >= 0]
        consumer.assign(starts)
        ends = {start.partition: ends[start.partition] for start in starts}
        last = time.monotonic()
        while ends:
            for message in consumer.consume(10_000, 0.2):
                last = time.monotonic()
                if message.error() is None:
                    yield message
            if time.monotonic() - last > SILENCE_S:
                raise RuntimeFailure(f"expected {topic} to be read to its end, but nothing came for {SILENCE_S:.0f} s")
            for position in consumer.position([TopicPartition(topic, part) for part in ends]):
                # The position passes transaction markers too, which no consumer is given.
                if position.offset >= ends[position.partition]:
                    del ends[position.partition]
    finally:
        consumer.close()


def _consumer(settings: Settings, bootstrap_servers: str) -> Consumer:
    return Consumer(
        {
            **client_properties(settings, bootstrap_servers),
            "group.id": f"fraudstream-read-{uuid.uuid4().hex[:8]}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )


def _ranges(consumer: Consumer, topic: str) -> list[tuple[int, int, int]]:
    parts = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    found = ((part, consumer.get_watermark_offsets(TopicPartition(topic, part), timeout=10)) for part in parts)
    return [(part, low, high) for part, (low, high) in found]
