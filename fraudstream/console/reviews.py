"""Labels that reviewers give."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fraudstream.kafka.broker import Broker
from schemas.transaction_fields import Reader, names_read_by

COPIED = names_read_by(Reader.LABELS)
DELIVERED_S = 10.0

Clock = Callable[[], datetime]


class UndeliveredError(Exception):
    """A label did not reach the broker, or did not in time; it may be sent again."""


class Reviews:
    """Publishes what a reviewer says of an alert: a label, as a bank's case system would.

    Parameters
    ----------
    broker
        Topic and schema registry.
    producer
        Sends; someone polls it.
    clock
        Gives the time, UTC.
    """

    def __init__(self, broker: Broker, producer: Producer, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._topic = broker.topics.labels
        self._codec = broker.codec(self._topic)
        self._producer, self._clock = producer, clock

    def label(self, alert: dict[str, Any], *, is_fraud: bool) -> dict[str, Any]:
        """Return the fields of `label.avsc`; of a transaction dated ahead, known when it is made."""
        now = self._clock()
        known = max(now.replace(microsecond=now.microsecond // 1000 * 1000), alert["event_time"])
        return {**{name: alert[name] for name in COPIED}, "is_fraud": is_fraud, "label_time": known}

    async def publish(self, label: dict[str, Any]) -> None:
        """Send a label, and wait until the broker has it.

        Raises
        ------
        UndeliveredError
            It has not, or that is unknown.
        """
        loop = asyncio.get_running_loop()
        delivered: asyncio.Future[None] = loop.create_future()

        def settle(error: KafkaError | None) -> None:
            if delivered.done():
                return
            if error is None:
                delivered.set_result(None)
            else:
                delivered.set_exception(UndeliveredError(error.str()))

        def note(error: KafkaError | None, _message: Message) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, error)

        payload = self._codec.encode(label)
        try:
            self._producer.produce(self._topic, payload, label["customer_id"].encode(), on_delivery=note)
            await asyncio.wait_for(delivered, DELIVERED_S)
        except (BufferError, KafkaException) as error:
            raise UndeliveredError(str(error)) from None
        except TimeoutError:
            raise UndeliveredError(f"no answer for {DELIVERED_S:.0f} s") from None
