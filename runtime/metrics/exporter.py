from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector

from models.monitoring.label_monitor import LabelMonitor
from runtime.configuration.settings import Settings
from runtime.kafka.topic_ids import TopicIds
from runtime.local.embedded import Services
from runtime.local.flink_rest import FlinkRest
from runtime.metrics.consumer_lag import ConsumerLag
from runtime.metrics.job_metrics import JobMetrics
from runtime.metrics.label_metrics import LabelMetrics
from runtime.metrics.metrics_reader import MetricsReader
from runtime.metrics.stream_metrics import StreamMetrics
from runtime.records.label_watch import LabelWatch


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
    servers = services.bootstrap_servers
    with ExitStack() as open_until_the_end:
        lag = open_until_the_end.enter_context(closing(ConsumerLag(settings, servers)))
        open_until_the_end.enter_context(MetricsReader(settings, servers, StreamMetrics(registry)))
        registry.register(JobMetrics(FlinkRest(url=services.rest_url), lag, TopicIds(settings, servers)))
        if labels is not None:
            open_until_the_end.enter_context(LabelWatch(settings, servers, labels, share=share))
            registry.register(LabelMetrics(labels))
        yield registry
