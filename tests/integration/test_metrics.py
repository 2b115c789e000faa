"""Metrics of the exporters on a real broker and job cover those of the rules and dashboards."""

from collections import Counter

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from fraudstream.api.application import create_application
from fraudstream.observe.metrics.exporter import open_exporter
from fraudstream.system.deadline import wait_until
from models.monitoring.label_monitor import LabelMonitor
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.durations import DAY_MS
from tests.patience import PATIENCE_S
from tests.prometheus_queries import parsed_queries

pytestmark = pytest.mark.integration

INVALID = [(b"c", b"nonsense"), (None, b"\x00"), (b"c", b"")]


class Scrape:
    """One scrape of the exporter."""

    def __init__(self, text: str) -> None:
        self.samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with these labels, 0 if there is none yet."""
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of samples that must exist."""
        assert any(s.name == name for s in self.samples), name
        return self.sum(name, **labels)


def test_sent_records_are_counted_and_every_queried_metric_exists(open_lane):
    lane = open_lane()
    # Labels are known within a day: most transactions mature with a label, and some days of cards are closed.
    world = SimulationConfig(seed=6, customers=60, days=30, label_delay_days=0.5, fraud_rate=0.02)
    table = simulate(world).slice(0, 2_000)
    lane.submit()
    labels = LabelMonitor(horizon_ms=2 * DAY_MS, k=7)
    with open_exporter(lane.broker, lane.rest, labels) as registry:
        app = create_application(lane.broker, lane.rest, registry)
        client = TestClient(app, base_url="http://127.0.0.1")

        def scrape() -> Scrape:
            return Scrape(client.get("/metrics").text)

        lane.send_labels(table)
        lane.send(table)
        lane.send_raw(INVALID)
        lane.await_records(lane.topics.dead_letters, len(INVALID))
        lane.await_scores(len(table))

        def matured(seen: Scrape) -> float:
            return sum(seen.sum(f"fraud_label_{name}_total") for name in ("matured", "missing"))

        def all_counted() -> bool:
            seen = scrape()
            behind = seen.value("fraud_consumer_lag_records")  # 0 once a checkpoint has them
            counted = seen.value("fraud_score_latency_seconds_count") == len(table)
            return counted and behind == 0 and labels.waiting + matured(seen) == len(table)

        assert wait_until(all_counted, seconds=PATIENCE_S)
        with client:  # one request, so that requests are among the figures
            assert client.get("/v1/scores/none").status_code == 404
        seen = scrape()

    assert seen.value("fraud_transactions_total") == len(table)
    decisions = Counter(alert["decision"] for alert in lane.alerts())
    reasons = Counter(letter["reason"] for letter in lane.dead_letters())
    for decision in ("REVIEW", "BLOCK"):
        assert seen.value("fraud_alerts_total", decision=decision) == decisions[decision]
    for reason, count in reasons.items():
        assert seen.value("fraud_dlq_total", reason=reason) == count
    assert seen.value("fraud_dlq_total") == len(INVALID)
    assert seen.value("fraud_score_latency_seconds_sum") > 0
    assert seen.value("fraud_model_info", model_id=lane.scores()[0]["model_id"]) == 1
    (figures,) = labels.figures()
    assert figures.frauds > 0
    assert seen.value("fraud_label_recall", model_id=figures.model_id) == figures.recall
    assert seen.value("fraud_card_precision_at_k", k="7") == figures.card_precision
    assert seen.value("fraud_job_up") == seen.value("fraud_broker_up") == 1
    assert 0 < seen.value("fraud_checkpoint_age_seconds") < PATIENCE_S
    assert seen.value("fraud_checkpoint_size_bytes") > 0
    _is_all_there(seen)
    _has_no_customer(seen, set(table["customer_id"].to_pylist()) | set(table["merchant_id"].to_pylist()))


def test_exporter_reports_a_missing_job_and_the_growing_lag(open_lane):
    lane = open_lane()
    table = simulate(SimulationConfig(seed=6, customers=60, days=30)).slice(0, 100)
    with open_exporter(lane.broker, lane.rest) as registry:
        lane.send(table)
        client = TestClient(create_application(lane.broker, lane.rest, registry), base_url="http://127.0.0.1")
        seen = Scrape(client.get("/metrics").text)
    assert seen.value("fraud_job_up") == 0
    assert seen.value("fraud_consumer_lag_records", topic=lane.topics.transactions) == len(table)


def _is_all_there(seen: Scrape) -> None:
    labels: dict[str, set[str]] = {}
    for sample in seen.samples:
        labels.setdefault(sample.name, set()).update(sample.labels)
    for query in parsed_queries():
        ours = {name: labelled for name, labelled in query.wanted.items() if name.startswith("fraud_")}
        for name, needed in ours.items():
            assert name in labels, query.text
            assert needed <= labels[name], query.text
        if ours:
            assert query.shown <= set().union(*(labels[name] for name in ours)), query.text


def _has_no_customer(seen: Scrape, ids: set[str]) -> None:
    values = {value for sample in seen.samples for value in sample.labels.values()}
    assert not values & ids
