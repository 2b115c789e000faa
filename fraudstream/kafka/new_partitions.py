"""Partitions that are added, or created again, while a consumer reads."""

import time
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from fraudstream.kafka.topic_ids import RecreatedTopics, warn_reread

CHECK_S = 5.0
"""Time between two checks for added partitions, seconds; a check costs the broker two small answers."""
ANSWER_S = 2.0


class NewPartitions:
    """Partitions that a consumer without a group is not given by itself: added ones, and those of a recreated topic.

    Parameters
    ----------
    consumer
        Consumer that has its first partitions before the first check.
    topics
        Names of the topics that it reads.
    recreated
        Watch of the same topics; without it, a recreated topic is read on from the former one's offsets.
    """

    def __init__(self, consumer: Consumer, topics: Iterable[str], recreated: RecreatedTopics | None = None) -> None:
        self._consumer, self._topics, self._recreated = consumer, tuple(topics), recreated
        self._checked_s = time.monotonic()

    def add(self) -> list[TopicPartition]:
        """Assign new partitions to the consumer, from their first record on; asks the broker every CHECK_S.

        Returns
        -------
        list of TopicPartition
            What was added; empty when nothing was, or no broker answers, who is asked again later.
        """
        if time.monotonic() < self._checked_s + CHECK_S:
            return []
        self._checked_s = time.monotonic()
        try:
            self._leave_recreated()
            added = self._unread()
            if added:
                self._consumer.incremental_assign(added)
        except KafkaException:
            return []
        return added

    def _leave_recreated(self) -> None:
        recreated = self._recreated.poll() if self._recreated else []
        if recreated:
            warn_reread(recreated)
            left = [part for part in self._consumer.assignment() if part.topic in recreated]
            if left:
                self._consumer.incremental_unassign(left)

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
