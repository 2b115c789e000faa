from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from fraudstream.kafka.new_partitions import NewPartitions
from fraudstream.kafka.topic_ids import RecreatedTopics

END_SECONDS = 30.0
"""How long the last look may take when the block is left."""


class BackgroundReader(ABC):
    """Looks at a broker again and again in a thread of its own, for as long as its block lasts.

    Parameters
    ----------
    name
        Of the thread.
    consumer
        What it looks with; closed when the block is left.
    topics
        Topics whose added partitions it reads too.
    recreated
        Watch of the same topics, so that one that is deleted and created again is read from its first record.
    """

    def __init__(
        self,
        name: str,
        consumer: Consumer,
        *,
        topics: Iterable[str] = (),
        recreated: RecreatedTopics | None = None,
    ) -> None:
        self._consumer = consumer
        self._new_partitions = NewPartitions(consumer, topics, recreated)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(timeout=END_SECONDS)
        self._consumer.close()

    @property
    def running(self) -> bool:
        """Whether it still looks: a look that failed was its last, and has told why on standard error."""
        return self._thread.is_alive()

    @abstractmethod
    def _poll(self) -> None:
        """Look once; how long that takes is the pace."""

    def _on_added(self, partitions: list[TopicPartition]) -> None:  # noqa: B027 (most readers need not know)
        """Take note of partitions that are read from their first record from now on, those of a recreated topic too."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            added = self._new_partitions.add()
            if added:
                self._on_added(added)
            self._poll()
