"""Readers and writers of the console."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from fraudstream.console.customer_history import CustomerHistory
from fraudstream.console.figures import Figures
from fraudstream.console.job_health import JobHealth
from fraudstream.console.model_overview import ModelOverview
from fraudstream.console.notebook import Notebook
from fraudstream.console.reviews import Reviews
from fraudstream.console.ttl_cache import TtlCache
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.loop_reader import LoopReader
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.observe.metrics.consumer_lag import ConsumerLag
from fraudstream.observe.metrics.job_probe import JobProbe
from fraudstream.observe.metrics.metrics_reader import MetricsReader
from fraudstream.observe.metrics.stream_metrics import StreamMetrics
from fraudstream.rules.rule_publisher import RulePublisher
from producers.publisher import SETTINGS

FLUSH_S, GATHER_S = 5.0, 0.2
HEALTH_KEPT_S, MODELS_KEPT_S = 2.0, 10.0

PRODUCER_SETTINGS = {**SETTINGS, "linger.ms": 0, "delivery.report.only.error": False, "delivery.timeout.ms": 9_000}


@dataclass(frozen=True, kw_only=True)
class ConsoleContext:
    """Readers and writers of the console, open for its lifetime."""

    notebook: Notebook
    reviews: Reviews
    rules: RulePublisher
    figures: Figures
    history: CustomerHistory
    health: TtlCache
    models: TtlCache
    reads: Callable[[], bool]


@asynccontextmanager
async def open_console(broker: Broker, rest: FlinkRest) -> AsyncIterator[ConsoleContext]:
    """Open the console's readers and writers for the length of a block in a running event loop."""
    notebook, registry = Notebook.of(broker.settings), CollectorRegistry()
    producer = broker.producer(PRODUCER_SETTINGS)
    reader = LoopReader("stream-reader", broker, notebook.listeners(broker.settings), producer, gather_s=GATHER_S)
    counter = MetricsReader(broker, StreamMetrics(registry))
    figures = Figures(registry, notebook.feed)
    with closing(ConsumerLag(broker)) as lag, reader, counter:
        probe = JobProbe(rest=rest, lag=lag, ids=TopicIds(broker))
        sampling = asyncio.create_task(figures.sample())
        try:
            yield ConsoleContext(
                notebook=notebook,
                reviews=Reviews(broker, producer),
                rules=RulePublisher(broker),
                figures=figures,
                history=CustomerHistory(broker),
                health=TtlCache(JobHealth(probe).read, HEALTH_KEPT_S),
                models=TtlCache(ModelOverview(broker).read, MODELS_KEPT_S),
                reads=lambda: reader.running and counter.running,
            )
        finally:
            sampling.cancel()
            producer.flush(FLUSH_S)
