"""Background reader of alerts that notes their arrival times."""

import time
from collections.abc import Callable
from typing import Any

from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import topic_size
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure

POLL_S = 0.1


class AlertWatch(BackgroundReader):
    """Reads alerts and notes when each came.

    Parameters
    ----------
    on_alert
        Called in the thread with each alert that was not seen before.
    """

    def __init__(self, broker: Broker, on_alert: Callable[[dict[str, Any]], None] = lambda _alert: None) -> None:
        topic = broker.topics.alerts
        self._codecs = broker.codecs(topic)
        super().__init__("alert-watch", broker, (topic,))
        self._broker = broker
        self._on_alert = on_alert
        self._read_count = 0
        self.seen_at_ms: dict[tuple[str, str], float] = {}
        """Time at which each alerted transaction, by customer and transaction id, was first seen, ms since 1970."""

    def catch_up(self, seconds: float = 30.0) -> None:
        """Wait until all alerts that the topic holds now were seen.

        Raises
        ------
        RuntimeFailure
            When they were not within `seconds`.
        """
        size = topic_size(self._broker, self._broker.topics.alerts)
        if not wait_until(lambda: self._read_count >= size, seconds=seconds):
            raise RuntimeFailure(f"expected {size:,} alerts within {seconds:.0f} s, got {self._read_count:,}")

    def _poll(self) -> None:
        for message in self._consumer.consume(500, POLL_S if not self.seen_at_ms else 0.005):
            now_ms = time.time() * 1000
            if message.error():
                continue
            self._read_count += 1
            alert = self._codecs.decode(message)
            if alert is None:
                continue
            name = alert["customer_id"], alert["transaction_id"]
            if name not in self.seen_at_ms:
                self.seen_at_ms[name] = now_ms
                self._on_alert(alert)
