"""Stream of the lifecycle demo."""

import numpy as np
import pyarrow as pa

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_of
from producers.replay import in_order, milliseconds, replay, replay_labels

PART_MS = 6 * 3_600_000
"""Event time sent per part, the maximum lateness of labels."""


class LifecycleStream:
    """Stream of transactions at a rate, with labels at their label time, up to a settable end.

    Parameters
    ----------
    table : pyarrow.Table
        Transactions in the columns of LABELLED_ARROW.
    rate : float
        Transactions per second.
    """

    def __init__(self, broker: Broker, table: pa.Table, rate: float) -> None:
        self._broker, self._rate = broker, rate
        self._table, self._labels = in_order(table, "event_time"), in_order(table, "label_time")
        self._end_ms = int(milliseconds(self._table, "event_time")[-1]) + 1
        self.at_ms = int(milliseconds(self._table, "event_time")[0])
        """Event time sent so far, milliseconds since 1970."""
        self.sent = 0
        """Number of transactions sent."""

    def run(self) -> None:
        """Send up to the end of the table or of `end_at`."""
        topics, registry = self._broker.topics, registry_of(self._broker.settings)
        times, known = milliseconds(self._table, "event_time"), milliseconds(self._labels, "label_time")
        labels_sent = 0
        with self._broker.publisher() as publisher:
            while (begin_ms := self.at_ms) < self._end_ms:
                until_ms = min(begin_ms + PART_MS, self._end_ms)
                due = int(np.searchsorted(known, begin_ms, side="right"))
                replay_labels(self._labels.slice(labels_sent, due - labels_sent), publisher, topics.labels, registry)
                publisher.flush()
                end = int(np.searchsorted(times, until_ms))
                part = self._table.slice(self.sent, end - self.sent)
                replay(part, publisher, topics.transactions, registry, rate=self._rate)
                publisher.flush()
                labels_sent, self.sent, self.at_ms = due, end, until_ms

    def end_at(self, event_time_ms: int) -> None:
        """Set the end of the stream."""
        self._end_ms = min(self._end_ms, event_time_ms)
