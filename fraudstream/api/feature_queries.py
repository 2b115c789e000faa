"""Feature queries to the job."""

import asyncio
import uuid
from collections import Counter
from typing import Any

from confluent_kafka import Producer

from fraudstream.api.sender import Sender
from fraudstream.kafka.broker import Broker


class FeatureQueries:
    """Asks the job for features: a query goes out by its topic, keyed by the customer, the answer comes by another.

    Made by `open_job_client`; called in the event loop that it was made in.
    """

    def __init__(self, broker: Broker, producer: Producer) -> None:
        topic = broker.topics.queries
        self._codec = broker.codec(topic)
        self._sender = Sender(producer, topic)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._customers: Counter[str] = Counter()

    def is_waited_for(self, customer_id: str) -> bool:
        """Return whether an answer about the customer is pending; from any thread."""
        return self._customers[customer_id] > 0

    async def ask(self, transaction: dict[str, Any], deadline_s: float) -> dict[str, Any] | None:
        """Return the features that a transaction would have now, None where the deadline passes.

        Parameters
        ----------
        transaction
            The fields of `feature_query.avsc` but for its id, within a transaction's limits.
        deadline_s
            Timeout in seconds.

        Returns
        -------
        dict or None
            The fields of `feature_answer.avsc`.

        Raises
        ------
        UnavailableError
            The query can't be sent now.
        """
        query_id, customer_id = uuid.uuid4().hex, transaction["customer_id"]
        payload = self._codec.encode({**transaction, "query_id": query_id})
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[query_id] = answer
        self._customers[customer_id] += 1
        try:
            # That it was not delivered in time shows in the deadline, which is the shorter one.
            self._sender.send(customer_id, payload, on_error=lambda _error: None)
            done, _ = await asyncio.wait((answer,), timeout=deadline_s)
            return answer.result() if done else None
        finally:
            del self._waiting[query_id]
            self._customers[customer_id] -= 1
            self._customers += Counter()  # what is 0 goes

    def add_answer(self, answer: dict[str, Any]) -> None:
        """Deliver an answer to the request that waits for it; the job repeats some after a failure."""
        waiting = self._waiting.get(answer["query_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
