"""Reader of topics in a thread of its own."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.new_partitions import NewPartitions
from fraudstream.kafka.topic_ids import RecreatedTopics
from fraudstream.kafka.topic_reader import topic_starts

END_SECONDS = 30.0
"""Time limit of the last poll when the block is left, seconds."""

Starts = Callable[[Consumer, Collection[str]], list[TopicPartition]]


class BackgroundReader(ABC):
    """Reader that polls its topics in a thread, for the length of a block.

    It belongs to no group and reads all partitions: a broker that has just started takes seconds to form a group, and
    after the broker's death a group would have to form again. Added partitions, and topics that are deleted and created
    again, are read from their first record.

    Parameters
    ----------
    broker, topics
        Topics to read; none for a reader that asks for offsets alone.
    starts
        Position of each partition to begin at.
    committed_only, gather_ms
        See `Broker.consumer`.
    """

    def __init__(
        self,
        name: str,
        broker: Broker,
        topics: Collection[str] = (),
        *,
        starts: Starts = topic_starts,
        committed_only: bool = True,
        gather_ms: int | None = None,
    ) -> None:
        self._consumer = broker.consumer(committed_only=committed_only, gather_ms=gather_ms)
        recreated = RecreatedTopics.among(broker, topics)
        self._new_partitions = NewPartitions(self._consumer, topics, recreated)
        if topics:
            self._consumer.assign(starts(self._consumer, topics))
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
        """Whether it still reads: a poll that fails ends the thread, with its reason on standard error."""
        return self._thread.is_alive()

    @abstractmethod
    def _poll(self) -> None:
        """Read once; its duration sets the pace."""

    def _on_added(self, partitions: list[TopicPartition]) -> None:  # noqa: B027 (most readers need not know)
        """Note partitions that are read from their first record from now on, those of a recreated topic too."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            added = self._new_partitions.add()
            if added:
                self._on_added(added)
            self._poll()
