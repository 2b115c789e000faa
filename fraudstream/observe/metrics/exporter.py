"""Prometheus exporter."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector

from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.observe.metrics.consumer_lag import ConsumerLag
from fraudstream.observe.metrics.job_metrics import JobMetrics
from fraudstream.observe.metrics.job_probe import JobProbe
from fraudstream.observe.metrics.label_metrics import LabelMetrics
from fraudstream.observe.metrics.metrics_reader import MetricsReader
from fraudstream.observe.metrics.stream_metrics import StreamMetrics
from fraudstream.readers.label_watch import LabelWatch
from models.monitoring.label_monitor import LabelMonitor


@contextmanager
def open_exporter(
    broker: Broker, rest: FlinkRest, labels: LabelMonitor | None = None, *, share: float = 1.0
) -> Iterator[CollectorRegistry]:
    """Collect metrics while a block runs.

    Parameters
    ----------
    broker, rest
        Broker and cluster of the job.
    labels
        Monitor that joins scores and labels from their first record; None: no model quality metrics.
    share
        Fraction of customers sampled for model quality.

    Yields
    ------
    CollectorRegistry
        Metrics of the topics, the job and this process.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    with ExitStack() as stack:
        lag = stack.enter_context(closing(ConsumerLag(broker)))
        stack.enter_context(MetricsReader(broker, StreamMetrics(registry)))
        registry.register(JobMetrics(JobProbe(rest=rest, lag=lag, ids=TopicIds(broker))))
        if labels is not None:
            stack.enter_context(LabelWatch(broker, labels, share=share))
            registry.register(LabelMetrics(labels))
        yield registry
