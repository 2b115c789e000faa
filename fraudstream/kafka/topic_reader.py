"""Reading of topics by offset, and their sizes."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure

SILENCE_S = 20.0
LEADER_SECONDS = 10.0
NO_LEADER_YET = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,  # the client's own code, while its metadata has the topic without the partition
    }
)
Ranges = list[tuple[int, int, int]]
"""Number, oldest offset, and the offset after the newest, of each partition."""
NO_BACKLOG: Mapping[str, int] = MappingProxyType({})


def topic_size(broker: Broker, topic: str) -> int:
    """Count the records of a topic by its offsets (transaction markers count too)."""
    consumer = broker.consumer()
    try:
        return sum(high - low for _, low, high in partition_ranges(consumer, topic))
    finally:
        consumer.close()


def await_records(
    broker: Broker,
    topic: str,
    count: int,
    *,
    seconds: float,
    interval_s: float = 0.1,
    on_count: Callable[[int], None] = lambda _count: None,
) -> None:
    """Wait until a topic holds `count` records.

    Parameters
    ----------
    broker, topic
        Connection to the brokers.
    count
        Number of records, repeats included.
    seconds, interval_s
        Time to wait, and the pause between two counts.
    on_count
        Called with each count.

    Raises
    ------
    RuntimeFailure
        When there are fewer after `seconds`.
    """
    found = 0

    def all_there() -> bool:
        nonlocal found
        found = topic_size(broker, topic)
        on_count(found)
        return found >= count

    if not wait_until(all_there, seconds=seconds, interval_s=interval_s):
        raise RuntimeFailure(
            f"expected {count:,} records in {topic} within {seconds:.0f} s, got {found:,}: "
            f"see the logs in {broker.settings.state.logs}"
        )


def read_topic(
    broker: Broker, topic: str, *, since_ms: int | None = None, newest: int | None = None
) -> Iterator[Message]:
    """Read all that a topic holds now, committed records only, each partition in its order.

    Parameters
    ----------
    broker, topic
        Connection to the brokers.
    since_ms
        Begin with the first record of this Kafka time, milliseconds since 1970; None: with the oldest.
    newest
        Read no more than these offsets before the end, an equal part of each partition; None: all.

    Raises
    ------
    RuntimeFailure
        When the broker gives nothing for SILENCE_S before the end.
    """
    consumer = broker.consumer()
    try:
        ranges = [found for found in partition_ranges(consumer, topic) if found[2] > found[1]]
        ends = {part: high for part, _, high in ranges}
        if not ends:
            return  # the client rejects a search in no partition
        # Of times before 1970 some mean the end of a topic.
        starts = [TopicPartition(topic, part, max(since_ms or 0, 0)) for part in ends]
        # The first offset at or after a time; a partition without that record is at its end already.
        starts = [start for start in consumer.offsets_for_times(starts, timeout=10) if start.offset >= 0]
        if newest is not None:
            first = {part: high - newest // len(ranges) for part, _, high in ranges}
            starts = [TopicPartition(topic, item.partition, max(item.offset, first[item.partition])) for item in starts]
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


def read_record(broker: Broker, topic: str, partition: int, offset: int) -> Message | None:
    """Read the record at one position, None when there is none: retention has removed it, or it never was.

    Raises
    ------
    RuntimeFailure
        When the broker does not give it within SILENCE_S.
    """
    consumer = broker.consumer()
    try:
        ranges = {part: (low, high) for part, low, high in partition_ranges(consumer, topic)}
        low, high = ranges.get(partition, (0, 0))
        if not low <= offset < high:
            return None
        consumer.assign([TopicPartition(topic, partition, offset)])
        for message in consumer.consume(1, SILENCE_S):
            if message.error() is None:
                return message if message.offset() == offset else None
        raise RuntimeFailure(
            f"expected the record at {partition}:{offset} of {topic}, but nothing came for {SILENCE_S:.0f} s"
        )
    finally:
        consumer.close()


def topic_ends(
    consumer: Consumer, topics: Iterable[str], backlog: Mapping[str, int] = NO_BACKLOG
) -> list[TopicPartition]:
    """Return the end of each partition of some topics, for a consumer that is to read what comes from now on.

    Offsets, not "the end": that would be looked up when the first records are fetched, and so pass over some.

    Parameters
    ----------
    consumer, topics
        Consumer, and the topics to read.
    backlog
        Number of records to read before the end, by topic, over all its partitions.

    Raises
    ------
    KafkaException
        The broker does not answer within LEADER_SECONDS; a topic that was just created has no leaders at first.
    """

    def newest(topic: str, ranges: Ranges) -> list[TopicPartition]:
        share = backlog.get(topic, 0) // max(1, len(ranges))
        return [TopicPartition(topic, part, max(low, high - share)) for part, low, high in ranges]

    return _positions(consumer, topics, newest)


def topic_starts(consumer: Consumer, topics: Iterable[str]) -> list[TopicPartition]:
    """Return the oldest record's position in each partition of some topics; raises as `topic_ends`."""
    return _positions(
        consumer, topics, lambda topic, ranges: [TopicPartition(topic, part, low) for part, low, _ in ranges]
    )


def _positions(
    consumer: Consumer, topics: Iterable[str], start: Callable[[str, Ranges], list[TopicPartition]]
) -> list[TopicPartition]:
    found: list[TopicPartition] = []
    failure: KafkaException | None = None

    def known() -> bool:
        nonlocal found, failure
        try:
            found = [found for topic in topics for found in start(topic, partition_ranges(consumer, topic))]
        except KafkaException as error:
            failure = error
            return False
        return True

    if not wait_until(known, seconds=LEADER_SECONDS, interval_s=0.2) and failure is not None:
        raise failure
    return found


def partition_ranges(consumer: Consumer, topic: str) -> Ranges:
    """Return each partition of a topic, its oldest offset, and the one after its newest.

    Of a topic that was made a moment ago a partition may have no leader yet: that is waited for.

    Raises
    ------
    KafkaException
        The broker does not answer.
    """
    parts = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    return [(part, *_watermarks(consumer, TopicPartition(topic, part))) for part in parts]


def _watermarks(consumer: Consumer, partition: TopicPartition) -> tuple[int, int]:
    found: list[tuple[int, int]] = []

    def known() -> bool:
        try:
            found.append(consumer.get_watermark_offsets(partition, timeout=10))
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET:
                raise
        return bool(found)

    if not wait_until(known, seconds=LEADER_SECONDS, interval_s=0.1):
        raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE, f"{partition} has no leader"))
    return found[0]
