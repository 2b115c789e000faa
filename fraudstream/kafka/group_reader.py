"""Reader of topics as a consumer group."""

import threading
from collections.abc import Callable, Iterator

from confluent_kafka import Message

from fraudstream.kafka.broker import Broker

POLL_S = 0.5


class GroupReader:
    """Consumer of a group, and the loop over its records.

    Parameters
    ----------
    broker
        Connection to the brokers.
    group_id
        Name of the group, whose offsets `consumer` commits.
    """

    def __init__(self, broker: Broker, group_id: str) -> None:
        self.consumer = broker.group_consumer(group_id)
        self.stopping = threading.Event()

    def rounds(
        self, check: Callable[[], object], *, batch_size: int = 100, poll_s: float = POLL_S
    ) -> Iterator[list[Message]]:
        """Yield the records of each poll, also none, until `stop`.

        Parameters
        ----------
        check
            Called before each poll, to follow changes of the topics.
        batch_size
            Maximum number of records of a poll.
        poll_s
            Maximum duration of a poll in seconds.
        """
        while not self.stopping.is_set():
            check()
            yield [message for message in self.consumer.consume(batch_size, poll_s) if message.error() is None]

    def stop(self) -> None:
        """End `rounds` after the current one."""
        self.stopping.set()

    def close(self) -> None:
        """Leave the group."""
        self.consumer.close()
