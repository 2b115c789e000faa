"""What one writes instead of a Flink job: a confluent-kafka loop with a dict of deques.

The same records, features, model, drift detector and outputs; scored by chunk, which is this design's best. One
process, state in memory only: when it dies, everything is gone and nothing is known of what was sent twice.
"""

import argparse
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
from confluent_kafka import Consumer, Message, Producer
from river import drift

from benchmarks.peers.plain_history import PlainHistory, Seen
from models.drift.observation import OBSERVATION_SIZE
from models.scoring.artifact import Artifact, load_artifact
from models.scoring.model import OnnxModel
from schemas.avro_schemas import ALERT, SCORE, TRANSACTION, parsed_schema
from schemas.codec import RecordCodec
from schemas.framing import HEADER_BYTES
from schemas.registry import FileRegistry

CHUNK = 1_000


class PlainLoop:
    """Decode, advance, score, decide, send; a chunk at a time."""

    def __init__(self, artifact: Artifact, producer: Producer, scores_topic: str, alerts_topic: str) -> None:
        self._manifest = artifact.manifest
        self._model = OnnxModel(artifact.onnx)
        self._category, self._type = artifact.category_risk, artifact.type_risk
        self._histories: dict[str, PlainHistory] = {}
        self._detector = drift.ADWIN()
        self._producer = producer
        self._topics = scores_topic, alerts_topic
        self._scores = RecordCodec(SCORE, "", FileRegistry())
        self._alerts = RecordCodec(ALERT, "", FileRegistry())
        self._schema = parsed_schema(TRANSACTION)
        self.scored = 0

    def process(self, messages: list[Message]) -> np.ndarray[Any, Any]:
        """Score a chunk and send its scores and alerts; returns the scores."""
        records = [self._decode(message.value()) for message in messages]
        x = np.array([self._features(record) for record in records], np.float32)
        scores = self._model.score(x)
        now = datetime.now(UTC)
        for record, row, score in zip(records, x, scores.tolist(), strict=True):
            self._send(record, row, score, now)
        for place in range(0, len(scores), OBSERVATION_SIZE):
            self._detector.update(float(scores[place : place + OBSERVATION_SIZE].mean()))
        self._producer.poll(0)
        self.scored += len(records)
        return scores

    def _decode(self, payload: bytes) -> dict[str, Any]:
        body = io.BytesIO(payload)
        body.seek(HEADER_BYTES)
        return fastavro.schemaless_reader(body, self._schema)  # type: ignore[return-value]

    def _features(self, record: dict[str, Any]) -> list[float]:
        history = self._histories.get(record["customer_id"])
        if history is None:
            history = self._histories[record["customer_id"]] = PlainHistory()
        now = Seen(
            time_ms=round(record["event_time"].timestamp() * 1000),
            amount_minor=record["amount_minor"],
            merchant=record["merchant_id"],
            device=record["device_id"],
            latitude=record["latitude"],
            longitude=record["longitude"],
        )
        category = self._category.rates.get(record["merchant_category"], self._category.prior)
        kind = self._type.rates.get(record["transaction_type"], self._type.prior)
        return history.advance(now, category, kind)

    def _send(self, record: dict[str, Any], row: np.ndarray[Any, Any], score: float, now: datetime) -> None:
        manifest = self._manifest
        block, review = score >= manifest.block_threshold, score >= manifest.review_threshold
        result = {
            "transaction_id": record["transaction_id"],
            "customer_id": record["customer_id"],
            "event_time": record["event_time"],
            "scored_at": now,
            "score": score,
            "decision": "BLOCK" if block else "REVIEW" if review else "APPROVE",
            "model_id": manifest.model_id,
            "feature_spec_hash": manifest.feature_spec_hash,
        }
        scores_topic, alerts_topic = self._topics
        self._producer.produce(scores_topic, self._scores.encode(result), record["customer_id"])
        if review:
            alert = {
                **record,
                **result,
                "alert_id": record["transaction_id"],
                "review_threshold": manifest.review_threshold,
                "block_threshold": manifest.block_threshold,
                "features": dict(zip(manifest.feature_names, row.tolist(), strict=True)),
                "reasons": [],
            }
            self._producer.produce(alerts_topic, self._alerts.encode(alert), record["customer_id"])


def main() -> None:
    """Drain a topic and print one JSON object: events, seconds, rate over the middle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--scores-topic", required=True)
    parser.add_argument("--alerts-topic", required=True)
    parser.add_argument("--count", type=int, required=True)
    chosen = parser.parse_args()
    servers = {"bootstrap.servers": chosen.bootstrap_servers}
    consumer = Consumer({**servers, "group.id": f"plain-{time.time_ns()}", "auto.offset.reset": "earliest"})
    consumer.subscribe([chosen.topic])
    producer = Producer(
        {**servers, "linger.ms": 5, "compression.type": "lz4", "queue.buffering.max.messages": 2_000_000}
    )
    loop = PlainLoop(load_artifact(chosen.model), producer, chosen.scores_topic, chosen.alerts_topic)
    times = [(0, time.perf_counter())]
    for messages in _chunks(consumer, chosen.count):
        loop.process(messages)
        times.append((loop.scored, time.perf_counter()))
    producer.flush()
    consumer.close()
    print(json.dumps({"events": loop.scored, "events_per_s": middle_rate(times)}))


def middle_rate(times: list[tuple[int, float]]) -> float:
    """Return events a second between a quarter and nine tenths of all: without the start and the end."""
    total = times[-1][0]
    middle = [(count, at) for count, at in times if 0.25 * total <= count <= 0.9 * total]
    (first, start), (last, end) = middle[0], middle[-1]
    return (last - first) / (end - start)


def _chunks(consumer: Consumer, count: int) -> Iterator[list[Message]]:
    read = 0
    while read < count:
        messages = [message for message in consumer.consume(CHUNK, 1.0) if message.error() is None]
        if messages:
            read += len(messages)
            yield messages


if __name__ == "__main__":
    main()
