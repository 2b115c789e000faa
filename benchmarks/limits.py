"""Upper bounds of the rate on this machine: parts of the work in isolation, on one core."""

import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import OFFSET_BEGINNING
from numpy.typing import NDArray

from benchmarks.bench import PATIENCE_S
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topic_reader import partition_ranges
from fraudstream.system.failures import RuntimeFailure
from models.features.engine import FeatureEngine
from models.features.warm_up import warm_up
from models.scoring.artifact import Artifact
from models.scoring.model import OnnxModel

BATCH, ROUNDS = 1_000, 50
FETCHED = 10_000
"""Records per call of the consumer."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Rates of the parts.

    Attributes
    ----------
    consumed_per_s : float
        Records that a consumer reads and discards.
    kernel_rows_per_s : float
        Transactions through the feature engine, BATCH at a time.
    onnx_rows_per_s : float
        Rows scored by onnxruntime, BATCH at a time.
    """

    consumed_per_s: float
    kernel_rows_per_s: float
    onnx_rows_per_s: float

    @classmethod
    def measure(cls, services: Services, table: pa.Table, artifact: Artifact) -> "Limits":
        """Measure with a topic that holds a table, and with the table."""
        kernel, x = _kernel_rows_per_s(table, artifact)
        return cls(
            consumed_per_s=_consumed_per_s(services, len(table)),
            kernel_rows_per_s=kernel,
            onnx_rows_per_s=_onnx_rows_per_s(x, artifact),
        )


def _consumed_per_s(services: Services, events: int) -> float:
    consumer, topic = services.broker.consumer(), services.settings.topics.transactions
    try:
        parts = [TopicPartition(topic, part, OFFSET_BEGINNING) for part, _, _ in partition_ranges(consumer, topic)]
        consumer.assign(parts)
        begun, consumed = time.perf_counter(), 0
        while consumed < events:
            consumed += len(consumer.consume(FETCHED, timeout=1.0))
            if time.perf_counter() - begun > PATIENCE_S:
                raise RuntimeFailure(f"expected {events:,} records in {topic}, got {consumed:,}")
        return events / (time.perf_counter() - begun)
    finally:
        consumer.close()


def _kernel_rows_per_s(table: pa.Table, artifact: Artifact) -> tuple[float, NDArray[np.float32]]:
    """Return the rate, and the features of the last batch."""
    warm_up()
    engine = FeatureEngine(load=None, category_risk=artifact.category_risk, type_risk=artifact.type_risk)
    batches = table.combine_chunks().to_batches(max_chunksize=BATCH)
    begun = time.perf_counter()
    for records in batches:
        batch = engine.advance(records)
        engine.remember(batch, np.zeros(len(records), np.float32))
    return len(table) / (time.perf_counter() - begun), batch.x


def _onnx_rows_per_s(x: NDArray[np.float32], artifact: Artifact) -> float:
    model = OnnxModel(artifact.onnx)
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        model.score(x)
    return ROUNDS * len(x) / (time.perf_counter() - begun)
