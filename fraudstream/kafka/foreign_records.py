"""Count of the records that others put into our topics, and one line about them."""

import logging
from collections import Counter

from confluent_kafka import Message

from fraudstream.kafka.position import position_of

LOG = logging.getLogger("fraudstream.records")

MAX_DETAIL = 200
_REPORTED: set[tuple[str, int, int]] = set()


class ForeignRecords:
    """Count of skipped records by topic, with the first of each.

    Anyone may write to a topic: a tombstone, a test, a record of another kind. None of them ends a reader. Each topic's
    are logged once, with the first one's position, however often the topic is read again in this process.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._first: dict[str, tuple[int, int, str]] = {}

    @property
    def total(self) -> int:
        """Records skipped, of all topics."""
        return self.counts.total()

    def skip(self, message: Message, reason: object) -> None:
        """Count a record, and remember the first of its topic."""
        topic = message.topic() or ""
        self.counts[topic] += 1
        if topic not in self._first:
            self._first[topic] = (*position_of(message), str(reason)[:MAX_DETAIL])

    def report(self, topic: str, kind: str) -> None:
        """Log how many records of a topic were skipped, and why the first was; nothing where none was."""
        if topic not in self._first:
            return
        partition, offset, reason = self._first[topic]
        if (topic, partition, offset) in _REPORTED:
            return
        _REPORTED.add((topic, partition, offset))
        count = self.counts[topic]
        LOG.warning(
            "skipped %s of %s that %s (first: partition %d offset %d: %s)",
            f"{count:,} records" if count > 1 else "a record",
            topic,
            f"are no {kind} records" if count > 1 else f"is no {kind} record",
            partition,
            offset,
            ascii(reason)[1:-1],  # what it quotes came from outside: it must not steer a terminal
        )
