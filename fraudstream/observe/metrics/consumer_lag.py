"""Lag of consumer groups."""

from __future__ import annotations

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import partition_ranges

TIMEOUT_S = 5.0


class ConsumerLag:
    """Asks the broker how far a consumer group is behind. The job's group moves with each of its checkpoints.

    Parameters
    ----------
    broker
        Connection to the brokers.
    """

    def __init__(self, broker: Broker) -> None:
        self._admin = broker.admin()
        self._consumer = broker.consumer()
        topics = broker.topics
        self._topics = [topics.transactions, *([topics.labels] if broker.settings.job.labels else [])]

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()

    def records(self, group: str) -> dict[str, int] | None:
        """Return, by topic, the records that the group has not read; None where the broker does not answer.

        A partition that the group has committed nothing for counts in full.
        """
        try:
            read = self._committed(group)
            return {topic: self._behind(topic, read) for topic in self._topics}
        except KafkaException:
            return None

    def _behind(self, topic: str, read: dict[tuple[str, int], int]) -> int:
        ranges = partition_ranges(self._consumer, topic)
        return sum(max(0, end - max(read.get((topic, partition), 0), start)) for partition, start, end in ranges)

    def _committed(self, group: str) -> dict[tuple[str, int], int]:
        wanted = [ConsumerGroupTopicPartitions(group)]
        (answer,) = self._admin.list_consumer_group_offsets(wanted, request_timeout=TIMEOUT_S).values()
        found = answer.result().topic_partitions
        return {(place.topic, place.partition): place.offset for place in found if place.offset >= 0}
