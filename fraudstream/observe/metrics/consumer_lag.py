from __future__ import annotations

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from fraudstream.kafka.kafka_client import client_properties, open_consumer
from fraudstream.kafka.topic_reader import partition_ranges
from fraudstream.settings.settings import Settings

TIMEOUT_S = 5.0


class ConsumerLag:
    """Asks the broker how far a consumer group is behind. The job's group moves with each of its checkpoints.

    Parameters
    ----------
    settings, bootstrap_servers
        Where to ask.
    """

    def __init__(self, settings: Settings, bootstrap_servers: str) -> None:
        self._admin = AdminClient(client_properties(settings, bootstrap_servers))
        self._consumer = open_consumer(settings, bootstrap_servers)
        topics = settings.topics
        self._topics = [topics.transactions, *([topics.labels] if settings.job.labels else [])]

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
