from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector

from runtime.embedded import Services
from runtime.flink_rest import FlinkRest
from runtime.metrics.consumer_lag import ConsumerLag
from runtime.metrics.job_metrics import JobMetrics
from runtime.metrics.metrics_reader import MetricsReader
from runtime.metrics.stream_metrics import StreamMetrics
from runtime.settings import Settings


@contextmanager
def open_exporter(settings: Settings, services: Services) -> Iterator[CollectorRegistry]:
    """Count what the topics carry for the length of a block.

    Yields
    ------
    CollectorRegistry
        What a scrape gives: of the topics, of the job and of this process.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    servers = services.bootstrap_servers
    reader = MetricsReader(settings, servers, StreamMetrics(registry))
    with closing(ConsumerLag(settings, servers)) as lag, reader:
        registry.register(JobMetrics(FlinkRest(url=services.rest_url), lag))
        yield registry
