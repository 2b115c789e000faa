"""Reader of the topics for the metrics."""

from collections.abc import Callable
from typing import Any

from confluent_kafka import Message

from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import topic_ends
from fraudstream.observe.metrics.score_latency import ScoreLatency
from fraudstream.observe.metrics.stream_metrics import StreamMetrics
from fraudstream.observe.metrics.transaction_ids import TransactionIds

POLL_S, MAX_AT_ONCE = 0.2, 20_000
GATHER_MS = 500
"""Long fetches: counts are not urgent, and an API on the same machine needs processor and broker."""
SAMPLED_SCORES = 50
"""Scores per poll whose values are recorded; the rest are counted."""


class MetricsReader(BackgroundReader):
    """Reader that counts new records of the topics."""

    def __init__(self, broker: Broker, metrics: StreamMetrics) -> None:
        topics = broker.topics
        self._metrics, self._latency = metrics, ScoreLatency()
        self._counters: dict[str, Callable[[list[Message]], None]] = {
            topics.transactions: self._count_transactions,
            topics.scores: self._count_scores,
            topics.alerts: self._count_alerts,
            topics.dead_letters: self._count_dead_letters,
            topics.drift: self._count_drifts,
        }
        self._codecs = broker.codecs(*self._counters)
        self._ids = TransactionIds(self._codecs, self._codecs.registry)
        super().__init__("metrics-reader", broker, tuple(self._counters), starts=topic_ends, gather_ms=GATHER_MS)

    def _poll(self) -> None:
        found: dict[str, list[Message]] = {}
        for message in self._consumer.consume(MAX_AT_ONCE, POLL_S):
            if message.error() is None:
                found.setdefault(message.topic() or "", []).append(message)
        for topic, messages in found.items():
            before = self._codecs.foreign.counts[topic]
            self._counters[topic](messages)
            self._metrics.foreign.labels(topic).inc(self._codecs.foreign.counts[topic] - before)

    def _count_transactions(self, messages: list[Message]) -> None:
        for message in messages:
            name = self._ids.read(message)
            if name is not None:
                self._observe(self._latency.publish(name, message.timestamp()[1]))

    def _count_scores(self, messages: list[Message]) -> None:
        # Decoded as a whole: a record that is cut short has an id too, and is no score.
        scores = [(message, score) for message in messages if (score := self._codecs.decode(message)) is not None]
        self._metrics.transactions.inc(len(scores))
        for message, score in scores:
            name = message.key() or b"", score["transaction_id"].encode()
            self._observe(self._latency.score(name, message.timestamp()[1]))
        for _, score in scores[:SAMPLED_SCORES]:
            self._metrics.add_score(score)

    def _count_alerts(self, messages: list[Message]) -> None:
        for alert in self._decoded(messages):
            self._metrics.alerts.labels(alert["decision"]).inc()

    def _count_dead_letters(self, messages: list[Message]) -> None:
        for letter in self._decoded(messages):
            self._metrics.dead_letters.labels(letter["reason"]).inc()

    def _count_drifts(self, messages: list[Message]) -> None:
        for drift in self._decoded(messages):
            self._metrics.drifts.labels(drift["signal"]).inc()

    def _observe(self, seconds: float | None) -> None:
        if seconds is not None:
            self._metrics.latency.observe(seconds)

    def _decoded(self, messages: list[Message]) -> list[dict[str, Any]]:
        """Decode the records of the right kind."""
        return [record for message in messages if (record := self._codecs.decode(message)) is not None]
