"""Reader of committed scores that outlives the broker's failures."""

from __future__ import annotations

import time

from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker

POLL_S = 0.05
PATIENCE_S = 30.0


class ScoreWatch(BackgroundReader):
    """Background reader of committed scores that outlives the broker's failures.

    Parameters
    ----------
    broker
        Connection to the brokers.
    """

    def __init__(self, broker: Broker) -> None:
        topic = broker.topics.scores
        self._codecs = broker.codecs(topic)
        super().__init__("score-watch", broker, (topic,))
        self.scored: set[tuple[str, str]] = set()
        """Customer and id of each scored transaction."""
        self.arrivals_s: list[float] = []
        """Arrival times of scores, one per poll, by time.monotonic."""

    def _poll(self) -> None:
        messages = [message for message in self._consumer.consume(1_000, POLL_S) if message.error() is None]
        if messages:
            self.arrivals_s.append(time.monotonic())
            self.scored.update(
                (record["customer_id"], record["transaction_id"])
                for item in messages
                if (record := self._codecs.decode(item))
            )
