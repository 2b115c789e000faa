from __future__ import annotations

import asyncio
from typing import Any

from confluent_kafka import Message, Producer, TopicPartition

from api.score_book import ScoreBook
from runtime.background_reader import BackgroundReader
from runtime.kafka_client import open_consumer
from runtime.registry_access import registry_access
from runtime.settings import Settings
from runtime.topic_reader import partition_ranges
from schemas.avro_schemas import ALERT, SCORE
from schemas.codec import RecordCodec, UndecodableError
from schemas.registry import UnknownSchemaError, value_subject
from schemas.steady_registry import open_steady_registry

POLL_S = 0.1
MOST_AT_ONCE = 500


class ReplyReader(BackgroundReader):
    """Reads the job's scores and alerts from the topics' ends on, and hands those that are waited for to the book.

    It reads all partitions for itself, as the answer to a request may lie in any. What nobody waits for is told by the
    record's key and is not decoded: others send transactions too.

    Records of open Kafka transactions count: a decision is wanted now, not at the next checkpoint. After a failure the
    job scores again, and says the same but for labels that it learned meanwhile, see docs/guarantees.md.

    Parameters
    ----------
    settings, bootstrap_servers
        Where to read.
    book, loop
        Who is told, and the event loop that the book belongs to.
    producer
        Served beside: its errors are reported when asked for.
    """

    def __init__(
        self,
        settings: Settings,
        bootstrap_servers: str,
        book: ScoreBook,
        loop: asyncio.AbstractEventLoop,
        producer: Producer,
    ) -> None:
        topics, registry = settings.topics, open_steady_registry(registry_access(settings))
        self._codecs = {
            topic: RecordCodec(kind, value_subject(topic), registry)
            for topic, kind in ((topics.scores, SCORE), (topics.alerts, ALERT))
        }
        self._alerts = topics.alerts
        self._book, self._loop, self._producer = book, loop, producer
        consumer = open_consumer(settings, bootstrap_servers, committed_only=False)
        super().__init__("reply-reader", consumer)
        # Offsets, not "the end": that would be looked up when the first records are fetched, and so pass over answers.
        consumer.assign(
            [
                TopicPartition(topic, partition, high)
                for topic in self._codecs
                for partition, _, high in partition_ranges(consumer, topic)
            ]
        )

    def alive(self) -> bool:
        """Say whether the thread reads."""
        return self._thread.is_alive()

    def _look(self) -> None:
        self._producer.poll(0)
        first = self._consumer.poll(POLL_S)
        if first is None:
            return
        messages = [first, *self._consumer.consume(MOST_AT_ONCE, 0)]
        found = [record for message in messages if (record := self._wanted(message)) is not None]
        if found and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_over, found)

    def _wanted(self, message: Message) -> tuple[str, dict[str, Any]] | None:
        key, topic = message.key(), message.topic() or ""
        if message.error() or key is None or not self._book.is_waited_for(key.decode(errors="replace")):
            return None
        try:
            return topic, self._codecs[topic].decode(message.value() or b"")
        except (UndecodableError, UnknownSchemaError):
            return None  # not of the job: nothing that it writes

    def _hand_over(self, found: list[tuple[str, dict[str, Any]]]) -> None:
        for topic, record in found:
            if topic == self._alerts:
                self._book.take_alert(record)
            else:
                self._book.take_score(record)
