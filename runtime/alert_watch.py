from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from runtime.deadline import wait_until
from runtime.failures import RuntimeFailure
from runtime.kafka_client import open_consumer
from runtime.registry_access import registry_of
from runtime.settings import Settings
from runtime.topic_reader import topic_size
from schemas.avro_schemas import ALERT
from schemas.codec import RecordCodec
from schemas.registry import value_subject

POLL_S = 0.1


class AlertWatch:
    """Reads alerts in a thread of its own and notes when each came, for as long as its block lasts.

    Parameters
    ----------
    settings, bootstrap_servers
        Where to read.
    on_alert
        Called in the thread with each alert that was not seen before.
    """

    def __init__(
        self,
        settings: Settings,
        bootstrap_servers: str,
        on_alert: Callable[[dict[str, Any]], None] = lambda _alert: None,
    ) -> None:
        topic = settings.topics.alerts
        self._codec = RecordCodec(ALERT, value_subject(topic), registry_of(settings))
        self._consumer = open_consumer(settings, bootstrap_servers)
        self._consumer.subscribe([topic])
        self._settings, self._servers = settings, bootstrap_servers
        self._on_alert = on_alert
        self._read_count = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, name="alert-watch", daemon=True)
        self.seen_at_ms: dict[str, float] = {}
        """When each alerted transaction_id was first seen, milliseconds since 1970."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(timeout=10)
        self._consumer.close()

    def catch_up(self, seconds: float = 30.0) -> None:
        """Wait until all alerts that the topic holds now were seen.

        Raises
        ------
        RuntimeFailure
            When they were not within `seconds`.
        """
        size = topic_size(self._settings, self._servers, self._settings.topics.alerts)
        if not wait_until(lambda: self._read_count >= size, seconds=seconds):
            raise RuntimeFailure(f"expected {size:,} alerts within {seconds:.0f} s, was {self._read_count:,}")

    def _read(self) -> None:
        while not self._stopping.is_set():
            for message in self._consumer.consume(500, POLL_S if not self.seen_at_ms else 0.005):
                now_ms = time.time() * 1000
                if message.error():
                    continue
                self._read_count += 1
                alert = self._codec.decode(message.value() or b"")
                if alert["transaction_id"] not in self.seen_at_ms:
                    self.seen_at_ms[alert["transaction_id"]] = now_ms
                    self._on_alert(alert)
