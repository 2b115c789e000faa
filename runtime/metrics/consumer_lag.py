from __future__ import annotations

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from runtime.kafka_client import client_properties
from runtime.settings import Settings

TIMEOUT_S = 5.0


class ConsumerLag:
    """Asks the broker how far a consumer group is behind. The job's group moves with each of its checkpoints.

    Parameters
    ----------
    settings, bootstrap_servers
        Where to ask.
    """

    def __init__(self, settings: Settings, bootstrap_servers: str) -> None:
        self._client = AdminClient(client_properties(settings, bootstrap_servers))
        topics = settings.topics
        self._topics = [topics.transactions, *([topics.labels] if settings.job.labels else [])]

    def records(self, group: str) -> dict[str, int] | None:
        """Return, by topic, the records that the group has not read; None where the broker does not answer.

        A partition that the group has committed nothing for counts in full.
        """
        try:
            ends = self._offsets(OffsetSpec.latest())
            starts = self._offsets(OffsetSpec.earliest())
            read = self._committed(group)
        except KafkaException:
            return None
        behind = dict.fromkeys(self._topics, 0)
        for place, end in ends.items():
            behind[place[0]] += max(0, end - max(read.get(place, 0), starts.get(place, 0)))
        return behind

    def _offsets(self, spec: OffsetSpec) -> dict[tuple[str, int], int]:
        found = self._client.list_topics(timeout=TIMEOUT_S).topics
        wanted = {
            TopicPartition(topic, partition): spec
            for topic in self._topics
            if topic in found
            for partition in found[topic].partitions
        }
        answers = self._client.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT_S
        )
        return {(place.topic, place.partition): answer.result().offset for place, answer in answers.items()}

    def _committed(self, group: str) -> dict[tuple[str, int], int]:
        (answer,) = self._client.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT_S
        ).values()
        found = answer.result().topic_partitions
        return {(place.topic, place.partition): place.offset for place in found if place.offset >= 0}
