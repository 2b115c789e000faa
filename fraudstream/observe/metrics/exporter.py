"""Prometheus exporter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector

from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.observe.metrics.consumer_lag import ConsumerLag
from fraudstream.observe.metrics.job_metrics import JobMetrics
from fraudstream.observe.metrics.label_metrics import LabelMetrics
from fraudstream.observe.metrics.metrics_reader import MetricsReader
from fraudstream.observe.metrics.stream_metrics import StreamMetrics
from fraudstream.readers.label_watch import LabelWatch
from fraudstream.settings.settings import Settings
from models.monitoring.label_monitor import LabelMonitor


@contextmanager
def open_exporter(
    settings: Settings, services: Services, labels: LabelMonitor | None = None, *, share: float = 1.0
) -> Iterator[CollectorRegistry]:
    """Count what the topics carry for the length of a block.

    Parameters
    ----------
    settings, services
        Where to read.
    labels
        What joins scores and labels, here from their oldest records on; without it no model is judged.
    share
        Of the customers whose transactions are joined.

    Yields
    ------
    CollectorRegistry
        What a scrape gives: of the topics, of the job and of this process.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    broker = services.broker(settings)
    with ExitStack() as open_until_the_end:
        lag = open_until_the_end.enter_context(closing(ConsumerLag(broker)))
        open_until_the_end.enter_context(MetricsReader(broker, StreamMetrics(registry)))
        registry.register(JobMetrics(FlinkRest(url=services.rest_url), lag, TopicIds(broker)))
        if labels is not None:
            open_until_the_end.enter_context(LabelWatch(broker, labels, share=share))
            registry.register(LabelMetrics(labels))
        yield registry
