from __future__ import annotations

import time
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

CHECK_S = 5.0
"""Time between two checks for added partitions, seconds; a check costs the broker one small answer."""
ANSWER_S = 2.0


class NewPartitions:
    """Partitions added to the topics of a consumer that has no group, and so is not given them by itself.

    Parameters
    ----------
    consumer
        What reads; it has its first partitions by the time of the first check.
    topics
        Names of the topics that it reads.
    """

    def __init__(self, consumer: Consumer, topics: Iterable[str]) -> None:
        self._consumer, self._topics = consumer, tuple(topics)
        self._checked_s = time.monotonic()

    def add(self) -> list[TopicPartition]:
        """Let the consumer read added partitions from their first record on; asks the broker every CHECK_S.

        Returns
        -------
        list of TopicPartition
            What was added; empty when nothing was, or no broker answers, who is asked again later.
        """
        if time.monotonic() < self._checked_s + CHECK_S:
            return []
        self._checked_s = time.monotonic()
        try:
            added = self._unread()
            if added:
                self._consumer.incremental_assign(added)
        except KafkaException:
            return []
        return added

    def _unread(self) -> list[TopicPartition]:
        read = {(part.topic, part.partition) for part in self._consumer.assignment()}
        described = [self._consumer.list_topics(topic, timeout=ANSWER_S).topics.get(topic) for topic in self._topics]
        return [
            TopicPartition(topic.topic, part, OFFSET_BEGINNING)
            for topic in described
            if topic is not None and topic.error is None
            for part in topic.partitions
            if (topic.topic, part) not in read
        ]
