"""Reader of a topic whose partitions the processes of a group share."""

import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, Consumer, KafkaException, Message, TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.position import position_of
from fraudstream.kafka.topic_ids import RecreatedTopics, warn_reread
from fraudstream.kafka.topic_reader import partition_ranges
from fraudstream.system.failures import RuntimeFailure

ANSWER_S = 20.0
CHECK_S = 1.0
"""Time between two checks of the topic's id: records of another topic of that name that come sooner are read twice."""


class SharedReader:
    """Consumer of a group that commits its offsets in transactions of its own.

    Each offset is committed with the id of the topic, so that a topic that was deleted and created again is read from
    its first record.

    Parameters
    ----------
    instance : str
        Name of this process in the group, see `Broker.group_consumer`.
    wait_s : float
        Seconds that records are gathered for a batch.
    """

    def __init__(self, broker: Broker, topic: str, group: str, instance: str, *, wait_s: float) -> None:
        self._topic, self._wait_s = topic, wait_s
        self._recreated = RecreatedTopics.among(broker, [topic])
        self._checked_s = time.monotonic()
        self._is_changed = self._is_closing = False
        self._consumer: Consumer = broker.group_consumer(group, instance=instance)

    def batches(self, *, follow: bool, size: int) -> Iterator[list[Message]]:
        """Yield records of this process' partitions, those of a partition in their sequence; never none of them.

        The caller commits each batch before it asks for the next.

        Parameters
        ----------
        follow : bool
            Whether to go on where the topic ended at the start.
        size : int
            Maximum number of records.

        Raises
        ------
        RuntimeFailure
            Another process reads under the same name.
        """
        ends = {part: (low, high) for part, low, high in partition_ranges(self._consumer, self._topic)}
        self._consumer.subscribe(
            [self._topic], on_assign=self._assign, on_revoke=self._note_change, on_lost=self._note_change
        )
        while True:
            self._check_topic()
            found = self._consumer.consume(size, self._wait_s)
            messages = [message for message in found if _is_record(message)]
            if self._is_changed:
                # Some of them may be of partitions that another process has by now.
                self._is_changed = False
                self._go_to_group()
            elif messages:
                yield messages
            elif not follow and self._reached(ends):
                return

    def offsets_after(self, messages: list[Message]) -> list[TopicPartition]:
        """Return the offsets to commit after a batch."""
        topic_id = self._recreated.id_of(self._topic)
        ends = {partition: offset + 1 for partition, offset in map(position_of, messages)}
        return [TopicPartition(self._topic, part, offset, topic_id) for part, offset in ends.items()]

    def group_metadata(self) -> Any:
        """Return what a transaction commits offsets with."""
        return self._consumer.consumer_group_metadata()

    def rewind(self) -> None:
        """Read again what is not committed."""
        self._is_changed = True

    def close(self) -> None:
        """Leave the group."""
        # The client serves an assignment that comes in late while it closes, and answers no questions any more.
        self._is_closing = True
        self._consumer.close()

    def _check_topic(self) -> None:
        """Go back to where the group is, the beginning, if the topic was deleted and created again."""
        if time.monotonic() < self._checked_s + CHECK_S:
            return
        self._checked_s = time.monotonic()
        recreated = self._recreated.poll()
        if recreated:
            warn_reread(recreated)
            self.rewind()

    def _assign(self, consumer: Consumer, parts: list[TopicPartition]) -> None:
        if self._is_closing:
            return
        self._is_changed = True
        consumer.assign(self._begins(parts))

    def _note_change(self, _consumer: Consumer, _parts: list[TopicPartition]) -> None:
        self._is_changed = True

    def _go_to_group(self) -> None:
        parts = self._consumer.assignment()
        if parts:
            self._consumer.assign(self._begins(parts))

    def _begins(self, parts: list[TopicPartition]) -> list[TopicPartition]:
        """Return partitions with the offsets where the group is, which no open transaction may change any more."""
        return [TopicPartition(part.topic, part.partition, self._begin(part)) for part in self._committed(parts)]

    def _committed(self, parts: list[TopicPartition]) -> list[TopicPartition]:
        try:
            found: list[TopicPartition] = self._consumer.committed(parts, ANSWER_S)
        except KafkaException as error:
            raise RuntimeFailure(
                f"expected the offsets of the group in {self._topic}, got: {error.args[0].str()}. Start again"
            ) from None
        return found

    def _begin(self, committed: TopicPartition) -> int:
        topic_id = self._recreated.id_of(self._topic)
        is_other = bool(topic_id and committed.metadata) and committed.metadata != topic_id
        return OFFSET_BEGINNING if committed.offset == OFFSET_INVALID or is_other else int(committed.offset)

    def _reached(self, ends: dict[int, tuple[int, int]]) -> bool:
        parts = [TopicPartition(self._topic, part) for part in ends]
        # The position passes transaction markers too, which no consumer is given; before the first record it is none.
        here = {part.partition: part.offset for part in self._consumer.position(self._consumer.assignment())}
        group = {part.partition: self._begin(part) for part in self._committed(parts)}
        return all(max(here.get(part, low), group[part], low) >= high for part, (low, high) in ends.items())


def _is_record(message: Message) -> bool:
    error = message.error()
    if error is not None and error.fatal():
        raise RuntimeFailure(
            f"expected to read alone under this --instance, got: {error.str()}. Give each process of the group its own"
        )
    return error is None
