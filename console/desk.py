from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from console.alert_book import AlertBook
from console.customer_history import CustomerHistory
from console.feed import Feed
from console.figures import Figures
from console.job_health import JobHealth
from console.model_overview import ModelOverview
from console.reviews import Reviews
from console.stream_reader import Listener, StreamReader
from console.verdict_book import VerdictBook
from producers.publisher import SETTINGS
from runtime.embedded import Services
from runtime.flink_rest import FlinkRest
from runtime.kafka_client import client_properties
from runtime.metrics.consumer_lag import ConsumerLag
from runtime.metrics.metrics_reader import MetricsReader
from runtime.metrics.stream_metrics import StreamMetrics
from runtime.settings import Settings
from schemas.avro_schemas import ALERT, DEAD_LETTER, DRIFT, LABEL

LABELS_KEPT = 50_000
EVENTS_KEPT = 200
TOLD_AT_ONCE = 50
"""Alerts of one moment that are told to the pages one by one; of more they know that there are more."""
SHOWN_BYTES = 200
"""Of a dead letter's payload."""
FLUSH_S = 5.0

PRODUCER_SETTINGS = {**SETTINGS, "linger.ms": 0, "delivery.report.only.error": False, "delivery.timeout.ms": 9_000}


@dataclass(kw_only=True)
class Notebook:
    """What the pages show of the stream, kept in memory; used in one event loop.

    Parameters
    ----------
    alerts, verdicts
        Of the topics' newest records.
    feed
        Tells the pages what is new.
    """

    alerts: AlertBook
    verdicts: VerdictBook
    feed: Feed
    drifts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    dead_letters: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))

    @classmethod
    def of(cls, settings: Settings) -> Notebook:
        """Make an empty one."""
        verdicts = VerdictBook(LABELS_KEPT)
        alerts = AlertBook(settings.console.alerts_kept, verdicts)
        return cls(alerts=alerts, verdicts=verdicts, feed=Feed(settings.console.most_streams))

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
        names = {record["transaction_id"] for record in records}
        known = ((name, self.verdicts.find(name)) for name in names if self.alerts.has_transaction(name))
        told = [{"transaction_id": name, "verdict": verdict.told()} for name, verdict in known if verdict]
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
            topics.alerts: Listener(kind=ALERT, backlog=kept, take=self.take_alerts),
            topics.labels: Listener(kind=LABEL, backlog=LABELS_KEPT, take=self.take_labels),
            topics.drift: Listener(kind=DRIFT, backlog=EVENTS_KEPT, take=self.take_drifts),
            topics.dead_letters: Listener(kind=DEAD_LETTER, backlog=EVENTS_KEPT, take=self.take_dead_letters),
        }


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the console has open to the stream and the job."""

    notebook: Notebook
    reviews: Reviews
    figures: Figures
    history: CustomerHistory
    health: JobHealth
    models: ModelOverview
    reads: Callable[[], bool]


@asynccontextmanager
async def open_desk(settings: Settings, services: Services) -> AsyncIterator[Desk]:
    """Open all of it, for the length of a block in a running event loop."""
    servers, notebook, registry = services.bootstrap_servers, Notebook.of(settings), CollectorRegistry()
    producer = Producer({**PRODUCER_SETTINGS, **client_properties(settings, servers)})
    reader = StreamReader(settings, servers, notebook.listeners(settings), asyncio.get_running_loop(), producer)
    counter = MetricsReader(settings, servers, StreamMetrics(registry))
    figures = Figures(registry, notebook.feed)
    with closing(ConsumerLag(settings, servers)) as lag, reader, counter:
        sampling = asyncio.create_task(figures.sample())
        try:
            yield Desk(
                notebook=notebook,
                reviews=Reviews(settings, producer),
                figures=figures,
                history=CustomerHistory(settings, servers),
                health=JobHealth(FlinkRest(url=services.rest_url), lag),
                models=ModelOverview(settings, servers),
                reads=lambda: reader.running and counter.running,
            )
        finally:
            sampling.cancel()
            producer.flush(FLUSH_S)


def _shown(letter: dict[str, Any]) -> dict[str, Any]:
    payload = letter["payload"]
    size = letter["payload_size"] or len(payload)
    return {**letter, "payload": payload[:SHOWN_BYTES].hex(" "), "payload_size": size}
