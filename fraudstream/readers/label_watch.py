"""Background reader that feeds scores and labels to a LabelMonitor."""

import zlib
from collections.abc import Collection

from confluent_kafka import Consumer, Message, TopicPartition

from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import partition_ranges
from models.monitoring.label_monitor import LabelMonitor
from producers.simulation_config import epoch_ms

POLL_S = 0.2
AT_ONCE = 500
AHEAD_MS = 6 * 3_600_000
"""Maximum lead of a partition of the scores in a backlog: further apart, they would not mature in sequence."""


class LabelWatch(BackgroundReader):
    """Feeds a LabelMonitor from the topics of scores and labels, from their oldest records on.

    Existing labels are read first, since scores would mature before their labels, and the partitions of the scores
    in parallel.

    Parameters
    ----------
    monitor
        Monitor that is updated in the reader's thread.
    share
        Of the customers, chosen by a stable hash of their ids: memory for a busy stream. All of a customer or nothing,
        so that no figure is bent but Card Precision@k, whose k is then of the share.
    """

    def __init__(self, broker: Broker, monitor: LabelMonitor, *, share: float = 1.0) -> None:
        self._topics = broker.topics
        self._codecs = broker.codecs(self._topics.scores, self._topics.labels)
        self._monitor, self._below = monitor, share * 2**32
        self._ends: dict[tuple[str, int], int] = {}
        super().__init__("label-watch", broker, (self._topics.labels, self._topics.scores), starts=self._starts)
        self._newest_ms: dict[int, int] = {}
        self._paused: set[int] = set()
        self._pause({start.partition for start in self._score_positions})
        self.read = 0
        """Records of both topics."""

    def _starts(self, consumer: Consumer, topics: Collection[str]) -> list[TopicPartition]:
        """Return the oldest record of each partition, and note where the backlog ends."""
        starts = []
        for topic in topics:
            for part, low, high in partition_ranges(consumer, topic):
                starts.append(TopicPartition(topic, part, low))
                if high > low:
                    self._ends[topic, part] = high
        self._score_positions = [start for start in starts if start.topic == self._topics.scores]
        return starts

    @property
    def undecodable(self) -> int:
        """Records of both topics that are none of their kind."""
        return self._codecs.foreign.total

    @property
    def caught_up(self) -> bool:
        """Whether all that the topics held at the start was read."""
        return not self._ends

    def _poll(self) -> None:
        for message in self._consumer.consume(AT_ONCE, POLL_S):
            if message.error() is None:
                self._add(message)
        if self._ends or self._paused:
            for now in self._consumer.position([TopicPartition(topic, part) for topic, part in self._ends]):
                # The position passes transaction markers too, which no consumer is given.
                if now.offset >= self._ends[now.topic, now.partition]:
                    del self._ends[now.topic, now.partition]
            if not any(topic == self._topics.labels for topic, _ in self._ends):
                self._pause(self._ahead())

    def _on_added(self, partitions: list[TopicPartition]) -> None:
        known = {start.partition for start in self._score_positions}
        scores = [start for start in partitions if start.topic == self._topics.scores]
        self._score_positions += [start for start in scores if start.partition not in known]
        # Of a topic that was created again the former backlog is gone, and nothing is paused.
        self._paused -= {start.partition for start in scores}
        for gone in partitions:
            self._ends.pop((gone.topic, gone.partition), None)

    def _ahead(self) -> set[int]:
        """Return the partitions of the scores that others of the backlog are far behind."""
        backlog = [part for topic, part in self._ends if topic == self._topics.scores]
        oldest_ms = min((self._newest_ms.get(part, 0) for part in backlog), default=None)
        if oldest_ms is None:
            return set()
        return {part for part, newest_ms in self._newest_ms.items() if newest_ms > oldest_ms + AHEAD_MS}

    def _pause(self, parts: set[int]) -> None:
        """Pause exactly these partitions of the scores."""
        for change, chosen in (
            (self._consumer.pause, parts - self._paused),
            (self._consumer.resume, self._paused - parts),
        ):
            if chosen:
                change([start for start in self._score_positions if start.partition in chosen])
        self._paused = parts

    def _add(self, message: Message) -> None:
        self.read += 1
        if zlib.crc32(message.key() or b"") >= self._below:
            return
        is_score, record = message.topic() == self._topics.scores, self._codecs.decode(message)
        if record is None:
            return
        event_time_ms = epoch_ms(record["event_time"])
        if is_score:
            self._newest_ms[int(message.partition() or 0)] = event_time_ms
            self._monitor.scored(
                record["transaction_id"],
                customer_id=record["customer_id"],
                event_time_ms=event_time_ms,
                score=record["score"],
                alerted=record["decision"] != "APPROVE",
                model_id=record["model_id"],
            )
        else:
            self._monitor.labelled(
                record["transaction_id"],
                customer_id=record["customer_id"],
                event_time_ms=event_time_ms,
                label_time_ms=epoch_ms(record["label_time"]),
                is_fraud=record["is_fraud"],
            )
