"""Number of records of a topic over time."""

from bisect import bisect_left
from types import TracebackType
from typing import Self

from confluent_kafka import TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import partition_ranges

TIMEOUT_S = 10.0
MIDDLE = (0.25, 0.9)
"""Shares of all records between which a rate is measured, without start and end."""


class TopicGrowth:
    """Growth of a topic over time, by the timestamps of its records.

    Parameters
    ----------
    broker, topic
        Connection to the brokers; no records may have been removed.
    """

    def __init__(self, broker: Broker, topic: str) -> None:
        self._consumer, self._topic = broker.consumer(), topic
        self._ends = {part: high for part, _, high in partition_ranges(self._consumer, topic)}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def before(self, at_ms: int) -> int:
        """Count the records from before a moment, milliseconds since 1970."""
        positions = [TopicPartition(self._topic, part, at_ms) for part in self._ends]
        found = self._consumer.offsets_for_times(positions, timeout=TIMEOUT_S)
        # A partition without a later record is at its end already.
        return sum(item.offset if item.offset >= 0 else self._ends[item.partition] for item in found)

    def moment_ms(self, count: float, between_ms: range) -> int:
        """Return the first moment with this number of records before it."""
        return between_ms[bisect_left(between_ms, count, key=self.before)]

    def rate(self, count: int, lasted_ms: range, between: tuple[float, float] = MIDDLE) -> float:
        """Return the records written per second between two shares of a count.

        Parameters
        ----------
        count : int
            Of the records that were awaited, all of which are there.
        lasted_ms : range
            The moments in which they were written.
        between : pair of float
        """
        first_ms, last_ms = (self.moment_ms(share * count, lasted_ms) for share in between)
        return (between[1] - between[0]) * count * 1000 / max(last_ms - first_ms, 1)
