"""Stream of transactions and labels of a chaos run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from fraudstream.system.failures import RuntimeFailure
from producers.encoding import Record, encode_labels, encode_transactions
from producers.publisher import Published, Publisher
from producers.replay import PACED_ROWS_AT_ONCE
from producers.replay_with_labels import labels_needed
from producers.schedule import ConstantRate
from schemas.columns import EVENT_TIME, TRANSACTION_ARROW
from schemas.registry import SchemaRegistry, value_subject
from schemas.topics import Topics

CLOSING_MS = 60_000
"""Event time from the last transaction to the closing section."""
LABELS_AT_ONCE = 16
"""Number of due labels that are sent together, as every slice of transactions waits for their delivery."""


class Stream:
    """A table's transactions at a steady rate, in a thread, with the labels that become known meanwhile.

    Parameters
    ----------
    table
        More transactions than are needed, sorted by event time, with the columns of `TRANSACTION_ARROW`.
    labels
        Labels in the columns of `LABEL_ARROW`, in the sequence of sending.
    publisher, topics, registry
        Destination.
    rate
        Transactions per second.
    """

    def __init__(
        self,
        table: pa.Table,
        labels: pa.Table,
        publisher: Publisher,
        topics: Topics,
        registry: SchemaRegistry,
        *,
        rate: float,
    ) -> None:
        self._table = table.select(TRANSACTION_ARROW.names)
        self._needed = labels_needed(self._table, labels).tolist()
        self._publisher, self._topics, self._registry, self._rate = publisher, topics, registry, rate
        self._labels = encode_labels(labels, registry, value_subject(topics.labels), rows_at_once=PACED_ROWS_AT_ONCE)
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="stream")
        self._sent: Future[Published] | None = None
        self.count = 0
        """Transactions handed over so far."""
        self.labels = 0
        """Labels handed over so far."""

    def __enter__(self) -> Self:
        self._sent = self._pool.submit(self._send)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._pool.shutdown()

    def require_alive(self) -> None:
        """Check that the stream has not ended: a fault without a stream shows nothing."""
        if self._sent is not None and self._sent.done():
            self._sent.result()
            raise RuntimeFailure(f"expected a stream longer than the faults, got {self.count:,} transactions")

    def end(self) -> None:
        """Stop sending, and wait until all that was sent is delivered."""
        self._ending.set()
        if self._sent is not None:
            self._sent.result()
        self._publisher.flush()

    def close(self) -> pa.Table:
        """Send a last transaction of every customer; return all transactions sent."""
        body = self._table.slice(0, self.count)
        closing = closing_section(body)
        self._publisher.publish(self._records(closing), self._topics.transactions, schedule=ConstantRate(self._rate))
        self._publisher.flush()
        return pa.concat_tables([body, closing])

    def _send(self) -> Published:
        return self._publisher.publish(
            self._until_ended(), self._topics.transactions, schedule=ConstantRate(self._rate)
        )

    def _until_ended(self) -> Iterator[Record]:
        for record, needed in zip(self._records(self._table), self._needed, strict=True):
            if self._ending.is_set():
                return
            if needed >= self.labels + LABELS_AT_ONCE:
                due = list(islice(self._labels, needed - self.labels))
                self.labels += len(due)
                self._publisher.publish(due, self._topics.labels)
            self.count += 1
            yield record

    def _records(self, table: pa.Table) -> Iterator[Record]:
        subject = value_subject(self._topics.transactions)
        return encode_transactions(table, self._registry, subject, rows_at_once=PACED_ROWS_AT_ONCE)


def closing_section(body: pa.Table) -> pa.Table:
    """Return a transaction for every customer of a stream: its last one, repeated later under a new id.

    Its score depends on the customer's whole history: together they show whether the whole state is right.
    """
    customers = body["customer_id"].to_pylist()
    last = sorted({customer: row for row, customer in enumerate(customers)}.values())
    again = body.take(pa.array(last, pa.int64()))
    end_ms = int(body["event_time"].cast(pa.int64()).to_numpy().max()) + CLOSING_MS
    ids = pa.array([f"closing-{name}" for name in again["transaction_id"].to_pylist()], pa.string())
    times = pa.array(end_ms + np.arange(len(again))).cast(EVENT_TIME)
    columns = {name: again[name] for name in again.column_names} | {"transaction_id": ids, "event_time": times}
    return pa.table(columns, schema=body.schema)
