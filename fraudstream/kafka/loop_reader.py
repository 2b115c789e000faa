"""Reader that hands records over to an event loop: the one of the API and of the console."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from confluent_kafka import Message, Producer

from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.position import position_of
from fraudstream.kafka.topic_reader import topic_ends

POLL_S, MAX_AT_ONCE = 0.1, 500

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Receiver of a topic's records.

    Parameters
    ----------
    add
        Called in the event loop with the records that came together; each has its `position`, partition and offset.
    wants
        Whether records of a key are wanted, called in the reader's thread: the others are not decoded. None: all.
    backlog
        Number of the topic's newest records to begin with.
    """

    add: Callable[[list[Record]], object]
    wants: Callable[[str], bool] | None = None
    backlog: int = 0


class LoopReader(BackgroundReader):
    """Reader of topics from their ends on, whose records listeners receive in the running event loop.

    Parameters
    ----------
    name, broker
        See `BackgroundReader`.
    producer
        Producer to poll for its delivery reports.
    gather_s
        Interval at which records are handed over together, seconds; 0 hands them over at once.
    committed_only
        See `Broker.consumer`.
    """

    def __init__(
        self,
        name: str,
        broker: Broker,
        listeners: Mapping[str, Listener],
        producer: Producer,
        *,
        gather_s: float = 0.0,
        committed_only: bool = True,
    ) -> None:
        self._codecs = broker.codecs(*listeners)
        self._listeners, self._producer, self._gather_s = listeners, producer, gather_s
        self._loop = asyncio.get_running_loop()
        backlog = {topic: listener.backlog for topic, listener in listeners.items()}
        starts = partial(topic_ends, backlog=backlog)
        super().__init__(name, broker, tuple(listeners), starts=starts, committed_only=committed_only)

    def _poll(self) -> None:
        self._producer.poll(0)
        found: dict[str, list[Record]] = {}
        for message in self._messages():
            record = self._record(message)
            if record is not None:
                found.setdefault(message.topic() or "", []).append(record)
        if found and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_over, found)

    def _messages(self) -> list[Message]:
        if self._gather_s:
            return self._consumer.consume(MAX_AT_ONCE, self._gather_s)
        first = self._consumer.poll(POLL_S)
        return [] if first is None else [first, *self._consumer.consume(MAX_AT_ONCE, 0)]

    def _record(self, message: Message) -> Record | None:
        if message.error():
            return None
        wants, key = self._listeners[message.topic() or ""].wants, message.key()
        if wants is not None and (key is None or not wants(key.decode(errors="replace"))):
            return None
        record = self._codecs.decode(message)
        return record and {**record, "position": "{}:{}".format(*position_of(message))}

    def _hand_over(self, found: dict[str, list[Record]]) -> None:
        for topic, records in found.items():
            self._listeners[topic].add(records)
