"""Scoring requests to the job."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer

from fraudstream.api.feature_queries import FeatureQueries
from fraudstream.api.score_book import Entry, ScoreBook
from fraudstream.api.sender import Sender, UnavailableError
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.loop_reader import Listener, LoopReader, Record
from producers.publisher import SETTINGS

PRODUCER_SETTINGS = {
    **SETTINGS,
    "linger.ms": 1,
    "socket.nagle.disable": True,
    "compression.type": "none",  # of records sent one by one it would make nothing smaller
    # No request waits for a decision that much longer: what could not be sent by then may be sent again.
    "delivery.timeout.ms": 15_000,
}
FLUSH_S = 5.0


class Scoring:
    """Asks the job for decisions: a transaction goes out by its topic, its decision comes back by the scores.

    Made by `open_job_client`. All methods are called in the event loop that it was made in.
    """

    def __init__(self, broker: Broker, book: ScoreBook, producer: Producer) -> None:
        topic = broker.topics.transactions
        self._codec = broker.codec(topic)
        self._max_waiting = broker.settings.api.max_waiting
        self._book, self._sender = book, Sender(producer, topic)
        self.waiting = 0
        """Requests that wait now."""

    async def score(self, transaction: dict[str, Any], deadline_s: float) -> Entry:
        """Publish a transaction, unless it was, and wait for its decision until the deadline.

        Parameters
        ----------
        transaction
            The fields of `transaction.avsc`, within their limits.
        deadline_s
            Timeout in seconds. Returns the entry as it is then: PENDING, or SCORED without its reasons.

        Raises
        ------
        ConflictError
            The customer's id was used for another transaction.
        UnavailableError
            It can't be sent now, or too many wait already.
        """
        if self.waiting >= self._max_waiting:
            raise UnavailableError(f"{self.waiting:,} requests wait for the job already")
        payload = self._codec.encode(transaction)
        customer_id, transaction_id = transaction["customer_id"], transaction["transaction_id"]
        fingerprint = hashlib.blake2b(payload, digest_size=16).digest()
        entry, is_new = self._book.open(transaction_id, customer_id, fingerprint)
        if is_new:
            self._publish(entry, payload)
        await self._wait(entry, deadline_s)
        return entry

    def find(self, transaction_id: str, customer_id: str | None = None) -> Entry | None:
        """Return what is known of a transaction that was sent from here; AmbiguousError as `ScoreBook.find`."""
        return self._book.find(transaction_id, customer_id)

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
        def withdraw(error: UnavailableError) -> None:
            self._book.withdraw(entry, error)

        try:
            self._sender.send(entry.customer_id, payload, on_error=withdraw)
        except UnavailableError as error:
            withdraw(error)
            raise


@dataclass(frozen=True, kw_only=True)
class JobClient:
    """Client of the job: scoring, feature queries, and the reader of its replies."""

    scoring: Scoring
    queries: FeatureQueries
    reader: LoopReader


@contextmanager
def open_job_client(broker: Broker) -> Iterator[JobClient]:
    """Open a client of the job for the length of a block in a running event loop."""
    api, topics = broker.settings.api, broker.topics
    book = ScoreBook(kept_s=api.remembered_s, max_entries=api.max_remembered, clock=time.monotonic)
    producer = broker.producer(PRODUCER_SETTINGS)
    queries = FeatureQueries(broker, producer)
    listeners = {
        topics.scores: Listener(wants=book.is_waited_for, add=_each(book.add_score)),
        topics.alerts: Listener(wants=book.is_waited_for, add=_each(book.add_alert)),
        topics.features: Listener(wants=queries.is_waited_for, add=_each(queries.add_answer)),
    }
    try:
        # Records of open transactions count: a decision is wanted now, not at the next checkpoint. After a failure the
        # job scores again, and decides the same but for labels that it learned meanwhile, see docs/guarantees.md.
        with LoopReader("reply-reader", broker, listeners, producer, committed_only=False) as reader:
            yield JobClient(scoring=Scoring(broker, book, producer), queries=queries, reader=reader)
    finally:
        producer.flush(FLUSH_S)


def _each(add: Callable[[Record], object]) -> Callable[[list[Record]], object]:
    return lambda records: [add(record) for record in records]
