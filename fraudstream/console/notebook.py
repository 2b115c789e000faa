"""State of the stream that the pages show."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from fraudstream.console.alert_book import AlertBook
from fraudstream.console.feed import Feed
from fraudstream.console.reviewed_labels import ReviewedLabels
from fraudstream.kafka.loop_reader import Listener
from fraudstream.settings.settings import Settings

LABELS_KEPT = 50_000
EVENTS_KEPT = 200
MAX_ROWS_PUBLISHED = 50
"""Alerts of one moment that the pages receive one by one; of more they receive the count."""
SHOWN_BYTES = 200
"""Bytes of a dead letter's payload that the page shows."""


@dataclass(kw_only=True)
class Notebook:
    """State of the stream that the pages show, in memory; used in one event loop.

    Parameters
    ----------
    alerts, labels
        Of the topics' newest records.
    feed
        Feed of events to the pages.
    """

    alerts: AlertBook
    labels: ReviewedLabels
    feed: Feed
    drifts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    dead_letters: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))

    @classmethod
    def of(cls, settings: Settings) -> Notebook:
        """Make an empty one."""
        labels = ReviewedLabels(LABELS_KEPT)
        alerts = AlertBook(settings.console.alerts_kept, labels)
        return cls(alerts=alerts, labels=labels, feed=Feed(settings.console.max_streams))

    def add_alerts(self, records: list[dict[str, Any]]) -> None:
        """Keep new alerts, and publish them to the pages."""
        new = [record for record in records if self.alerts.add(record)]
        if new:
            rows = [self.alerts.short(record) for record in new[-MAX_ROWS_PUBLISHED:]]
            self.feed.publish("alerts", {"rows": rows, "count": len(new)})

    def add_labels(self, records: list[dict[str, Any]]) -> None:
        """Keep labels, and publish those of alerts that the pages may show."""
        for record in records:
            self.labels.add(record)
        names = {(record["customer_id"], record["transaction_id"]) for record in records}
        known = ((name, self.labels.find(*name)) for name in names if self.alerts.has_transaction(*name))
        published = [
            {"customer_id": customer, "transaction_id": transaction, "label": label.to_dict()}
            for (customer, transaction), label in known
            if label
        ]
        if published:
            self.feed.publish("labels", published)

    def add_drifts(self, records: list[dict[str, Any]]) -> None:
        """Keep drift events, and publish them."""
        self.drifts.extend(records)
        self.feed.publish("drifts", records)

    def add_dead_letters(self, records: list[dict[str, Any]]) -> None:
        """Keep dead letters, and publish their number."""
        self.dead_letters.extend(_shown(record) for record in records)
        self.feed.publish("dead_letters", len(records))

    def listeners(self, settings: Settings) -> dict[str, Listener]:
        """Return the listeners by topic."""
        topics = settings.topics
        kept = settings.console.alerts_kept
        return {
            topics.alerts: Listener(backlog=kept, add=self.add_alerts),
            topics.labels: Listener(backlog=LABELS_KEPT, add=self.add_labels),
            topics.drift: Listener(backlog=EVENTS_KEPT, add=self.add_drifts),
            topics.dead_letters: Listener(backlog=EVENTS_KEPT, add=self.add_dead_letters),
        }


def _shown(letter: dict[str, Any]) -> dict[str, Any]:
    payload = letter["payload"]
    size = letter["payload_size"] or len(payload)
    return {**letter, "payload": payload[:SHOWN_BYTES].hex(" "), "payload_size": size}
