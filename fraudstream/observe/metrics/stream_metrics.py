"""Metrics of the topics."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from models.drift.signals import SIGNALS
from schemas.rejection import Reason

LATENCY_BUCKETS_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300)
SCORE_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)

# No extra series with the creation time per counter: process_start_time_seconds has it once.
disable_created_metrics()  # type: ignore[no-untyped-call]


class StreamMetrics:
    """Metrics of the topics since the start of the exporter, without high-cardinality labels.

    Every label value starts at 0, so that the first record shows as an increase.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.transactions = Counter("fraud_transactions", "Scores written by the job.", registry=registry)
        self.alerts = Counter("fraud_alerts", "Alerts written by the job.", ["decision"], registry=registry)
        self.dead_letters = Counter("fraud_dlq", "Dead letters written by the job.", ["reason"], registry=registry)
        self.drifts = Counter("fraud_drift", "Drift events, by the signal that shifted.", ["signal"], registry=registry)
        self.foreign = Counter(
            "fraud_foreign_records", "Records of our topics that are not of their topic's kind.", ["topic"],
            registry=registry,
        )  # fmt: skip
        self.latency = Histogram(
            "fraud_score_latency_seconds",
            "From a transaction's time in Kafka to its score's.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.scores = Histogram(
            "fraud_score", "Scores, a sample of at most 250 a second.", buckets=SCORE_BUCKETS, registry=registry
        )
        self._model = Gauge(
            "fraud_model_info",
            "1 for the model whose score was seen last.",
            ["model_id", "feature_spec_hash"],
            registry=registry,
        )
        for decision in ("REVIEW", "BLOCK"):
            self.alerts.labels(decision)
        for reason in Reason:
            self.dead_letters.labels(reason.value)
        for signal in SIGNALS:
            self.drifts.labels(signal.name)

    def add_score(self, score: dict[str, Any]) -> None:
        """Add a score."""
        self.scores.observe(score["score"])
        self._model.clear()
        self._model.labels(score["model_id"], score["feature_spec_hash"]).set(1)
