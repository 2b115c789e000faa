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
TOLD_AT_ONCE = 50
"""Alerts of one moment that are told to the pages one by one; of more they know that there are more."""
SHOWN_BYTES = 200
"""Of a dead letter's payload."""


@dataclass(kw_only=True)
class Notebook:
    """Stream data shown by the pages, kept in memory; used in one event loop.

    Parameters
    ----------
    alerts, verdicts
        Of the topics' newest records.
    feed
        Tells the pages what is new.
    """

    alerts: AlertBook
    verdicts: ReviewedLabels
    feed: Feed
    drifts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    dead_letters: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))

    @classmethod
    def of(cls, settings: Settings) -> Notebook:
        """Make an empty one."""
        verdicts = ReviewedLabels(LABELS_KEPT)
        alerts = AlertBook(settings.console.alerts_kept, verdicts)
        return cls(alerts=alerts, verdicts=verdicts, feed=Feed(settings.console.max_streams))

    def take_alerts(self, records: list[dict[str, Any]]) -> None:
        """Note what is new, and tell it."""
        new = [record for record in records if self.alerts.take(record)]
        if new:
            rows = [self.alerts.short(record) for record in new[-TOLD_AT_ONCE:]]
            self.feed.publish("alerts", {"rows": rows, "count": len(new)})

    def take_labels(self, records: list[dict[str, Any]]) -> None:
        """Note them, and tell of those that the pages may show."""
        for record in records:
            self.verdicts.take(record)
        names = {(record["customer_id"], record["transaction_id"]) for record in records}
        known = ((name, self.verdicts.find(*name)) for name in names if self.alerts.has_transaction(*name))
        told = [
            {"customer_id": customer, "transaction_id": transaction, "verdict": verdict.told()}
            for (customer, transaction), verdict in known
            if verdict
        ]
        if told:
            self.feed.publish("verdicts", told)

    def take_drifts(self, records: list[dict[str, Any]]) -> None:
        """Note them, and tell of them."""
        self.drifts.extend(records)
        self.feed.publish("drifts", records)

    def take_dead_letters(self, records: list[dict[str, Any]]) -> None:
        """Note them, and tell how many."""
        self.dead_letters.extend(_shown(record) for record in records)
        self.feed.publish("dead_letters", len(records))

    def listeners(self, settings: Settings) -> dict[str, Listener]:
        """Return who is told of what, by topic."""
        topics = settings.topics
        kept = settings.console.alerts_kept
        return {
            topics.alerts: Listener(backlog=kept, add=self.take_alerts),
            topics.labels: Listener(backlog=LABELS_KEPT, add=self.take_labels),
            topics.drift: Listener(backlog=EVENTS_KEPT, add=self.take_drifts),
            topics.dead_letters: Listener(backlog=EVENTS_KEPT, add=self.take_dead_letters),
        }


def _shown(letter: dict[str, Any]) -> dict[str, Any]:
    payload = letter["payload"]
    size = letter["payload_size"] or len(payload)
    return {**letter, "payload": payload[:SHOWN_BYTES].hex(" "), "payload_size": size}
