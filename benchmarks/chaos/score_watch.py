from __future__ import annotations

import time

from confluent_kafka import TopicPartition

from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_codecs import TopicCodecs
from schemas.avro_schemas import SCORE

POLL_S = 0.05
PATIENCE_S = 30.0


class ScoreWatch(BackgroundReader):
    """Reads committed scores, whatever happens to the broker.

    Parameters
    ----------
    broker
        Connection to the brokers.
    """

    def __init__(self, broker: Broker) -> None:
        topic = broker.topics.scores
        self._codecs = TopicCodecs(broker.settings, {topic: SCORE})
        consumer = broker.consumer()
        super().__init__("score-watch", consumer, topics=(topic,))
        parts = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
        # Assigned, not subscribed: a group would have to find together again after every death of the broker.
        consumer.assign([TopicPartition(topic, part, 0) for part in parts])
        self.scored: set[tuple[str, str]] = set()
        """Customer and id of each transaction that has a score."""
        self.arrivals_s: list[float] = []
        """When scores came, one moment for each look, by time.monotonic."""

    def _poll(self) -> None:
        messages = [message for message in self._consumer.consume(1_000, POLL_S) if message.error() is None]
        if messages:
            self.arrivals_s.append(time.monotonic())
            self.scored.update(
                (record["customer_id"], record["transaction_id"])
                for item in messages
                if (record := self._codecs.decode(item))
            )
