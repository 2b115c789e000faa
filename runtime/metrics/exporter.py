from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
    registry.register(JobMetrics(FlinkRest(url=services.rest_url), ConsumerLag(settings, services.bootstrap_servers)))
    with MetricsReader(settings, services.bootstrap_servers, StreamMetrics(registry)):
        yield registry
