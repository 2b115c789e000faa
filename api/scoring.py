from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from api.reply_reader import ReplyReader
from api.score_book import Entry, ScoreBook
from producers.publisher import SETTINGS
from runtime.kafka_client import client_properties
from runtime.registry_access import registry_of
from runtime.settings import Settings
from schemas.avro_schemas import TRANSACTION
from schemas.codec import RecordCodec
from schemas.registry import value_subject

PRODUCER_SETTINGS = {
    **SETTINGS,
    "linger.ms": 1,
    "compression.type": "none",  # of records sent one by one it would make nothing smaller
    # Nobody waits for a decision that much longer: what could not be sent by then may be sent again.
    "delivery.timeout.ms": 15_000,
}
FLUSH_S = 5.0


class UnavailableError(Exception):
    """The transaction did not reach the broker; it may be sent again under the same id."""


class Scoring:
    """Asks the job for decisions: a transaction goes out by its topic, its decision comes back by the scores.

    Made by `open_scoring`. All methods are called in the event loop that it was made in.

    Parameters
    ----------
    settings
        Topics and limits.
    book
        Who waits for what.
    producer
        Sends.
    """

    def __init__(self, settings: Settings, book: ScoreBook, producer: Producer) -> None:
        self._topic = settings.topics.transactions
        self._codec = RecordCodec(TRANSACTION, value_subject(self._topic), registry_of(settings))
        self._most_waiting = settings.api.most_waiting
        self._book, self._producer = book, producer
        self._loop = asyncio.get_running_loop()
        self.waiting = 0
        """Requests that wait now."""

    async def score(self, transaction: dict[str, Any], deadline_s: float) -> Entry:
        """Publish a transaction, unless it was, and wait for its decision until the deadline.

        Parameters
        ----------
        transaction
            The fields of `transaction.avsc`, within their limits.
        deadline_s
            How long to wait, in seconds. Returns the entry as it is then: PENDING, or SCORED without its reasons.

        Raises
        ------
        ConflictError
            The id was used for another transaction.
        UnavailableError
            It can't be sent now, or too many wait already.
        """
        if self.waiting >= self._most_waiting:
            raise UnavailableError(f"{self.waiting:,} requests wait for the job already")
        payload = self._codec.encode(transaction)
        customer_id, transaction_id = transaction["customer_id"], transaction["transaction_id"]
        fingerprint = hashlib.blake2b(payload, digest_size=16).digest()
        entry, is_new = self._book.open(transaction_id, customer_id, fingerprint)
        if is_new:
            self._publish(entry, payload)
        await self._wait(entry, deadline_s)
        return entry

    def find(self, transaction_id: str) -> Entry | None:
        """Return what is known of a transaction that was sent from here."""
        return self._book.find(transaction_id)

    async def _wait(self, entry: Entry, deadline_s: float) -> None:
        if not entry.complete.done():
            self.waiting += 1
            try:
                # Not wait_for, which would cancel what others wait for as well.
                await asyncio.wait((entry.complete,), timeout=deadline_s)
            finally:
                self.waiting -= 1
        if entry.complete.done() and not entry.complete.cancelled() and (error := entry.complete.exception()):
            raise error

    def _publish(self, entry: Entry, payload: bytes) -> None:
        def note(error: KafkaError | None, _message: Message) -> None:
            if error is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(
                    self._book.withdraw, entry.transaction_id, UnavailableError(str(error.str()))
                )

        try:
            self._producer.produce(self._topic, payload, entry.customer_id.encode(), on_delivery=note)
        except (BufferError, KafkaException) as error:
            reason = "the queue is full" if isinstance(error, BufferError) else str(error.args[0].str())
            unavailable = UnavailableError(reason)
            self._book.withdraw(entry.transaction_id, unavailable)
            raise unavailable from None


@contextmanager
def open_scoring(settings: Settings, bootstrap_servers: str) -> Iterator[tuple[Scoring, ReplyReader]]:
    """Open what asks and what listens, for the length of a block in a running event loop."""
    api = settings.api
    book = ScoreBook(kept_s=api.remembered_s, most=api.most_remembered, clock=time.monotonic)
    producer = Producer({**PRODUCER_SETTINGS, **client_properties(settings, bootstrap_servers)})
    try:
        with ReplyReader(settings, bootstrap_servers, book, asyncio.get_running_loop(), producer) as reader:
            yield Scoring(settings, book, producer), reader
    finally:
        producer.flush(FLUSH_S)
