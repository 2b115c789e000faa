"""Lag of consumer groups."""

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import partition_ranges

TIMEOUT_S = 5.0


class ConsumerLag:
    """Lag of consumer groups; the job commits its offsets with each checkpoint."""

    def __init__(self, broker: Broker) -> None:
        self._admin = broker.admin()
        self._consumer = broker.consumer()
        topics = broker.topics
        self._topics = [topics.transactions, *([topics.labels] if broker.settings.job.labels else [])]

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def records(self, group: str) -> dict[str, int] | None:
        """Return the unread records of a group by topic; None if the broker does not answer.

        A partition without a commit counts in full.
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
        groups = [ConsumerGroupTopicPartitions(group)]
        (answer,) = self._admin.list_consumer_group_offsets(groups, request_timeout=TIMEOUT_S).values()
        found = answer.result().topic_partitions
        return {(item.topic, item.partition): item.offset for item in found if item.offset >= 0}
