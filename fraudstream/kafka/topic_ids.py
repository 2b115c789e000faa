"""Kafka's ids of topics, which differ between a topic and a later one of the same name."""

import logging
from collections.abc import Collection, Iterable
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Self

from confluent_kafka import KafkaError, KafkaException, TopicCollection

from fraudstream.kafka.broker import Broker

LOG = logging.getLogger("fraudstream.topics")

ANSWER_S = 2.0
NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
"""The id of brokers that have none: all zeros."""


class TopicIds:
    """Reader of topics' ids, with a client of its own."""

    def __init__(self, broker: Broker) -> None:
        self._client = broker.admin()

    def read(self, names: Iterable[str]) -> dict[str, str | None]:
        """Map topics to their ids, None where the topic does not exist; leave out those without an answer."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        found: dict[str, str | None] = {}
        asked = self._client.describe_topics(TopicCollection(wanted), request_timeout=ANSWER_S)
        for name, future in asked.items():
            try:
                topic_id = str(future.result(timeout=2 * ANSWER_S).topic_id)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    found[name] = None
            except FutureTimeout:
                continue
            else:
                if topic_id != NO_ID:
                    found[name] = topic_id
        return found


class RecreatedTopics:
    """Notice of topics that are deleted and created again while they are read.

    Parameters
    ----------
    ids
        Reader of the ids.
    names
        Topics; their present ids are the expected ones.
    """

    def __init__(self, ids: TopicIds, names: Collection[str]) -> None:
        self._ids, self._names = ids, tuple(names)
        self._known: dict[str, str] = {}
        self.poll()

    @classmethod
    def among(cls, broker: Broker, names: Collection[str]) -> Self:
        """Watch topics with a client of its own."""
        return cls(TopicIds(broker), names)

    def id_of(self, name: str) -> str:
        """Return the id that a topic had at the last `poll`, empty if there is none."""
        return self._known.get(name, "")

    def poll(self) -> list[str]:
        """Return the topics that are others than at the last call; a topic that is away is none until it is back."""
        now = {name: topic_id for name, topic_id in self._ids.read(self._names).items() if topic_id is not None}
        changed = [name for name, topic_id in now.items() if self._known.get(name, topic_id) != topic_id]
        self._known |= now
        return changed


def warn_reread(topics: Iterable[str]) -> None:
    """Log that recreated topics are read from their first record, a line each."""
    for topic in topics:
        LOG.warning("%s was deleted and created again: it is read from its first record", topic)
