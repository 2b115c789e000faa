"""Foreign records in the metrics' reader."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry

from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.observe.metrics.metrics_reader import MetricsReader
from fraudstream.observe.metrics.score_latency import ScoreLatency
from fraudstream.observe.metrics.stream_metrics import StreamMetrics
from fraudstream.settings.settings import load_settings
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from tests.unit.fraudstream.kafka.topic_messages import Message

TOPIC = "fraud.scores.v1"
SCORED = {
    "transaction_id": "t1", "customer_id": "c1", "event_time": 0, "scored_at": 0, "score": 0.5, "decision": "APPROVE",
    "model_id": "m1", "feature_spec_hash": "f", "shard": 4, "label_offsets": [3], "rule_book_id": "",
}  # fmt: skip


class Timed(Message):
    def timestamp(self) -> tuple[int, int]:
        return 1, 0


def test_truncated_or_too_long_score_is_a_foreign_record():
    whole = RecordCodec(SCORE, "", FileRegistry()).encode(SCORED)
    payloads = [whole, *(whole[:size] for size in range(len(whole))), whole + b"\x00"]
    registry = CollectorRegistry()
    reader = SimpleNamespace(
        _codecs=TopicCodecs(load_settings(), {TOPIC: SCORE}, registry=FileRegistry()),
        _metrics=StreamMetrics(registry),
        _latency=ScoreLatency(),
        _observe=lambda _seconds: None,
    )
    MetricsReader._count_scores(reader, [Timed(TOPIC, payload, key=b"c1") for payload in payloads])
    assert registry.get_sample_value("fraud_transactions_total") == 1
    assert reader._codecs.foreign.counts[TOPIC] == len(payloads) - 1
