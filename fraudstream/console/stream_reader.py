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
from fraudstream.kafka.topic_reader import place_of, topic_ends

POLL_S, MAX_AT_ONCE = 0.2, 500

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Who is told of a topic's records.

    Parameters
    ----------
    kind
        Of the records.
    backlog
        How many of those that are there already it is told too.
    take
        Told in the event loop, of those that came together; each has its `place`, partition and offset, on top.
    """

    kind: str
    backlog: int
    take: Callable[[list[Record]], None]


class StreamReader(BackgroundReader):
    """Reads what a page shows: the newest records of some topics, then what comes, together every 200 ms.

    Parameters
    ----------
    broker
        Connection to the brokers.
    listeners
        By topic.
    loop
        Where they are told.
    producer
        Served beside: what became of its records is reported when asked for.
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
        consumer = broker.consumer()
        recreated = RecreatedTopics.among(broker, list(listeners))
        super().__init__("stream-reader", consumer, topics=listeners, recreated=recreated)
        backlog = {topic: listener.backlog for topic, listener in listeners.items()}
        consumer.assign(topic_ends(consumer, listeners, backlog))

    def _poll(self) -> None:
        self._producer.poll(0)
        found: dict[str, list[Record]] = {}
        for message in self._consumer.consume(MAX_AT_ONCE, POLL_S):
            record = self._record(message)
            if record is not None:
                found.setdefault(message.topic() or "", []).append(record)
        if found and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_over, found)

    def _record(self, message: Message) -> Record | None:
        record = None if message.error() else self._codecs.decode(message)
        return record and {**record, "place": "{}:{}".format(*place_of(message))}

    def _hand_over(self, found: dict[str, list[Record]]) -> None:
        for topic, records in found.items():
            self._listeners[topic].take(records)
