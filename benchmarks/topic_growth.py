"""Number of records of a topic over time."""

from bisect import bisect_left
from types import TracebackType
from typing import Self

from confluent_kafka import TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import partition_ranges

TIMEOUT_S = 10.0
MIDDLE = (0.25, 0.9)
"""Shares of all between which a rate is taken: without the start and the end."""


class TopicGrowth:
    """Says when a topic had how many records, by the times that the records carry: to the millisecond, afterwards.

    Parameters
    ----------
    broker, topic
        Connection to the brokers; nothing may have been removed from it.
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
        wanted = [TopicPartition(self._topic, part, at_ms) for part in self._ends]
        found = self._consumer.offsets_for_times(wanted, timeout=TIMEOUT_S)
        # A partition without a record from then on is at its end already.
        return sum(place.offset if place.offset >= 0 else self._ends[place.partition] for place in found)

    def moment_ms(self, count: float, between_ms: range) -> int:
        """Return the first moment before which there were so many records."""
        return between_ms[bisect_left(between_ms, count, key=self.before)]

    def rate(self, count: int, lasted_ms: range, between: tuple[float, float] = MIDDLE) -> float:
        """Return how many records a second were written between two shares of so many.

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
