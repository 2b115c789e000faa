"""Ordered, idempotent publishing of encoded records."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.broker_errors import BrokerErrors
from producers.schedule import Schedule
from schemas.errors import UserError

KeyedRecord = tuple[bytes | None, bytes]
"""Key and value; a record that is sent again may have come without a key."""

Sent = tuple[bytes | None, bytes | None]
"""Key and value of a record to send; a tombstone has no value."""
Progress = Callable[[int], None]
"""Called now and then with the number of records handed over so far."""

SLICE_S = 0.003
RECORDS_BETWEEN_POLLS = 1_000
PROGRESS_S = 0.2

SETTINGS: Mapping[str, Any] = {
    # Without idempotence a retry may overtake: the topic would hold a customer's events out of order.
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": 5,
    "batch.size": 262_144,
    "queue.buffering.max.messages": 500_000,
    "queue.buffering.max.kbytes": 524_288,
    # A broker that dies has so long to come back; then what could not be sent is dropped and reported.
    "delivery.timeout.ms": 120_000,
    # As Java's producers do: a customer has the same partition from any client.
    "partitioner": "murmur2_random",
    # One Python call a record would halve the rate; what is not reported after a flush was delivered.
    "delivery.report.only.error": True,
}


@dataclass(frozen=True, kw_only=True)
class Published:
    """Result of a `publish`.

    Attributes
    ----------
    records : int
        Handed over, all of them delivered once `flush` has returned.
    seconds : float
        From the first record to the last.
    behind_ms : float
        Delay of the latest record against the schedule; 0 without one.
    """

    records: int
    seconds: float
    behind_ms: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds > 0 else 0.0


class Publisher:
    """Sends encoded records to a broker, each once and a key's records in order.

    Use it as a context manager: leaving the block flushes, and raises when a record was not delivered.

    Parameters
    ----------
    bootstrap_servers : str
        `host:port`, several separated by commas.
    settings : mapping
        More settings of librdkafka, as for TLS; they win over the ones here.
    connect_timeout_s : float
        Time to wait for the broker at the start.

    Raises
    ------
    UserError
        No broker answers, or a setting is unknown.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        settings: Mapping[str, Any] | None = None,
        connect_timeout_s: float = 10.0,
    ) -> None:
        self._servers = bootstrap_servers
        self._undelivered = 0
        self._first_error = ""
        self._errors = BrokerErrors()
        wanted = {**SETTINGS, "bootstrap.servers": bootstrap_servers, **(settings or {})}
        try:
            # librdkafka would print its connection errors; ours says what to do about them.
            self._producer = Producer({**wanted, "log_level": 2, "on_delivery": self._note, "error_cb": self._errors})
        except KafkaException as error:
            raise UserError(f"expected settings that librdkafka knows, got: {_reason(error)}") from None
        self._connect(connect_timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        else:
            # Ctrl-C or a failure: what is still queued must not hold up the end.
            self._producer.purge()
            self._producer.flush(1.0)

    def publish(
        self,
        records: Iterable[Sent],
        topic: str,
        *,
        schedule: Schedule | None = None,
        on_progress: Progress | None = None,
    ) -> Published:
        """Send records in order.

        With a schedule they go out by the clock, in slices of 3 ms (open loop: however slow the reader is,
        nothing is sent later for it), and each carries the moment it was due as its Kafka timestamp, so that
        a latency measured from there hides no delay of the sender. Without one, as fast as the broker takes
        them. Returns when all are handed over; `flush` waits until they are delivered.

        Raises
        ------
        UserError
            The producer failed for good.
        """
        report = _Reporter(on_progress)
        start = time.monotonic()
        if schedule is None:
            count, behind_s = self._send_all(records, topic, report), 0.0
        else:
            count, behind_s = self._send_by_clock(records, topic, schedule, report)
        report.finish(count)
        return Published(records=count, seconds=time.monotonic() - start, behind_ms=behind_s * 1_000)

    def flush(self, timeout_s: float = 150.0) -> None:
        """Wait until all records are delivered.

        Raises
        ------
        UserError
            Some were not.
        """
        waiting = self._producer.flush(timeout_s)
        if waiting or self._undelivered:
            raise UserError(
                f"expected every record delivered to {self._servers}, got {self._undelivered + waiting} not "
                f"({self._first_error or 'still waiting'}): see the broker's log, then send again"
            )

    def _send_all(self, records: Iterable[Sent], topic: str, report: "_Reporter") -> int:
        count, left = 0, iter(records)
        while part := list(islice(left, RECORDS_BETWEEN_POLLS)):
            for key, value in part:
                self._send(topic, key, value)
            self._producer.poll(0)
            count += len(part)
            report.update(count)
        return count

    def _send_by_clock(
        self, records: Iterable[Sent], topic: str, schedule: Schedule, report: "_Reporter"
    ) -> tuple[int, float]:
        left, count, behind_s = iter(records), 0, 0.0
        upcoming = next(left, None)
        start, start_ms = time.monotonic(), time.time() * 1_000
        while upcoming is not None:
            due = schedule.due(time.monotonic() - start)
            while upcoming is not None and count < due:
                moment_s = schedule.moment_s(count)
                self._send(topic, *upcoming, int(start_ms + moment_s * 1_000))
                behind_s = max(behind_s, time.monotonic() - start - moment_s)
                count += 1
                upcoming = next(left, None)
            report.update(count)
            self._serve_until(time.monotonic() + SLICE_S)
        return count, behind_s

    def _send(self, topic: str, key: bytes | None, value: bytes | None, timestamp_ms: int = 0) -> None:
        while True:
            try:
                return self._producer.produce(topic, value, key, timestamp=timestamp_ms)
            except BufferError:
                # The queue is full: the broker is slower than we are. Records in it expire, so this ends.
                self._producer.poll(0.01)
            except KafkaException as error:
                raise UserError(
                    f"expected {topic} to accept records, got: {_reason(error)}: see the broker's log"
                ) from None

    def _serve_until(self, deadline: float) -> None:
        """Poll librdkafka for errors until `deadline`, or until there is one."""
        while (left := deadline - time.monotonic()) > 0:
            # Whole milliseconds: librdkafka rounds a part of one down to zero, and this would spin.
            self._producer.poll(max(left, 0.001))

    def _connect(self, timeout_s: float) -> None:
        try:
            self._producer.list_topics(timeout=timeout_s)
        except KafkaException:
            self._producer.poll(0)  # it reports its errors only when asked
            advice = self._errors.advice or "start one with `fraudstream up`, or name yours in the settings"
            raise UserError(
                f"expected a Kafka broker at {self._servers}, got none within {timeout_s:g} s: {advice}"
            ) from None

    def _note(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._undelivered += 1
            self._first_error = self._first_error or str(error.str())


class _Reporter:
    """Calls the progress callback a few times a second, and at the end."""

    def __init__(self, on_progress: Progress | None) -> None:
        self._on_progress = on_progress
        self._next = 0.0

    def update(self, count: int) -> None:
        if self._on_progress is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_S
            self._on_progress(count)

    def finish(self, count: int) -> None:
        if self._on_progress is not None:
            self._on_progress(count)


def _reason(error: KafkaException) -> str:
    return str(error.args[0].str())
