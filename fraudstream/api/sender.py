"""Sender of records from an event loop."""

import asyncio
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, Producer


class UnavailableError(Exception):
    """A record did not reach the broker; it may be sent again."""


class Sender:
    """Sender of records to a topic from an event loop, with delivery errors reported in the loop."""

    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer, self._topic = producer, topic
        self._loop = asyncio.get_running_loop()

    def send(self, key: str, payload: bytes, on_error: Callable[[UnavailableError], None]) -> None:
        """Hand a record over.

        Parameters
        ----------
        on_error
            Called in the loop when the broker did not accept the record.

        Raises
        ------
        UnavailableError
            It can't be handed over.
        """

        def note(error: KafkaError | None, _message: Message) -> None:
            if error is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(on_error, UnavailableError(str(error.str())))

        try:
            self._producer.produce(self._topic, payload, key.encode(), on_delivery=note)
        except (BufferError, KafkaException) as error:
            reason = "the queue is full" if isinstance(error, BufferError) else str(error.args[0].str())
            raise UnavailableError(reason) from None
