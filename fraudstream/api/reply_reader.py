from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message, Producer

from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.kafka.topic_ids import RecreatedTopics
from fraudstream.kafka.topic_reader import topic_ends

POLL_S = 0.1
MAX_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Who waits for what comes into a topic.

    Parameters
    ----------
    kind
        Of the topic's records.
    wants
        Whether it waits for anything about a customer; called in the reader's thread.
    take
        Told of a record, in the event loop.
    """

    kind: str
    wants: Callable[[str], bool]
    take: Callable[[dict[str, Any]], object]


class ReplyReader(BackgroundReader):
    """Reads what the job writes from the topics' ends on, and hands on what is waited for.

    It reads all partitions for itself, as the answer to a request may lie in any. What nobody waits for is told by the
    record's key and is not decoded: others send transactions too.

    Records of open Kafka transactions count: a decision is wanted now, not at the next checkpoint. After a failure the
    job scores again, and says the same but for labels that it learned meanwhile, see docs/guarantees.md.

    Parameters
    ----------
    broker
        Connection to the brokers.
    listeners
        By topic.
    loop
        Where they are told.
    producer
        Served beside: its errors are reported when asked for.
    """

    def __init__(
        self,
        broker: Broker,
        listeners: Mapping[str, Listener],
        loop: asyncio.AbstractEventLoop,
        producer: Producer,
    ) -> None:
        self._codecs = TopicCodecs(broker.settings, {topic: listener.kind for topic, listener in listeners.items()})
        self._listeners, self._loop, self._producer = listeners, loop, producer
        consumer = broker.consumer(committed_only=False)
        recreated = RecreatedTopics.among(broker, list(listeners))
        super().__init__("reply-reader", consumer, topics=listeners, recreated=recreated)
        consumer.assign(topic_ends(consumer, listeners))

    def _poll(self) -> None:
        self._producer.poll(0)
        first = self._consumer.poll(POLL_S)
        if first is None:
            return
        messages = [first, *self._consumer.consume(MAX_AT_ONCE, 0)]
        found = [record for message in messages if (record := self._wanted(message)) is not None]
        if found and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_over, found)

    def _wanted(self, message: Message) -> tuple[str, dict[str, Any]] | None:
        key, topic = message.key(), message.topic() or ""
        if message.error() or key is None or not self._listeners[topic].wants(key.decode(errors="replace")):
            return None
        record = self._codecs.decode(message)
        return None if record is None else (topic, record)

    def _hand_over(self, found: list[tuple[str, dict[str, Any]]]) -> None:
        for topic, record in found:
            self._listeners[topic].take(record)
