from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from producers.encoding import Record, encode_transactions
from producers.publisher import Published, Publisher
from producers.replay import PACED_ROWS_AT_ONCE
from producers.schedule import ConstantRate
from runtime.host.failures import RuntimeFailure
from schemas.columns import EVENT_TIME, TRANSACTION_ARROW
from schemas.registry import SchemaRegistry, value_subject

CLOSING_MS = 60_000
"""How long after the last transaction those of the closing section are made, in event time."""


class Stream:
    """Sends a table's transactions at a steady rate beside what the block does, until it is told to end.

    Parameters
    ----------
    table
        More transactions than are needed, in order, with the columns of `TRANSACTION_ARROW`.
    publisher, topic, registry
        Where to.
    rate
        Transactions a second.
    """

    def __init__(
        self, table: pa.Table, publisher: Publisher, topic: str, registry: SchemaRegistry, *, rate: float
    ) -> None:
        self._table = table.select(TRANSACTION_ARROW.names)
        self._publisher, self._topic, self._registry, self._rate = publisher, topic, registry, rate
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="stream")
        self._sent: Future[Published] | None = None
        self.count = 0
        """Transactions handed over so far."""

    def __enter__(self) -> Self:
        self._sent = self._pool.submit(self._send)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._pool.shutdown()

    def require_alive(self) -> None:
        """Check that transactions still flow: faults in their absence would show nothing."""
        if self._sent is not None and self._sent.done():
            self._sent.result()
            raise RuntimeFailure(f"expected the stream to outlast the faults, but its {self.count:,} are all sent")

    def close(self) -> pa.Table:
        """End the stream with a transaction of every customer, delivered; returns all that was sent, in order."""
        self._ending.set()
        if self._sent is not None:
            self._sent.result()
        body = self._table.slice(0, self.count)
        closing = closing_section(body)
        self._publisher.publish(self._records(closing), self._topic, schedule=ConstantRate(self._rate))
        self._publisher.flush()
        return pa.concat_tables([body, closing])

    def _send(self) -> Published:
        return self._publisher.publish(self._until_told(), self._topic, schedule=ConstantRate(self._rate))

    def _until_told(self) -> Iterator[Record]:
        for record in self._records(self._table):
            if self._ending.is_set():
                return
            self.count += 1
            yield record

    def _records(self, table: pa.Table) -> Iterator[Record]:
        subject = value_subject(self._topic)
        return encode_transactions(table, self._registry, subject, rows_at_once=PACED_ROWS_AT_ONCE)


def closing_section(body: pa.Table) -> pa.Table:
    """Make a transaction for every customer of a stream: its last one once more, under a new id and later.

    Its score depends on all that is known of the customer: together they show whether the whole state is right.
    """
    customers = body["customer_id"].to_pylist()
    last = sorted({customer: row for row, customer in enumerate(customers)}.values())
    again = body.take(pa.array(last, pa.int64()))
    end_ms = int(body["event_time"].cast(pa.int64()).to_numpy().max()) + CLOSING_MS
    ids = pa.array([f"closing-{name}" for name in again["transaction_id"].to_pylist()], pa.string())
    times = pa.array(end_ms + np.arange(len(again))).cast(EVENT_TIME)
    columns = {name: again[name] for name in again.column_names} | {"transaction_id": ids, "event_time": times}
    return pa.table(columns, schema=body.schema)
