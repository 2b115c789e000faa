"""Metrics of model quality from labels."""

import pytest
from prometheus_client import CollectorRegistry

from fraudstream.observe.metrics.label_metrics import LabelMetrics
from models.monitoring.label_monitor import LabelMonitor
from schemas.durations import DAY_MS


class Monitored:
    """A label monitor with a horizon of one day, and its exported metrics."""

    def __init__(self, **settings: int) -> None:
        self.monitor = LabelMonitor(horizon_ms=DAY_MS, k=2, **settings)
        self._registry = CollectorRegistry()
        self._registry.register(LabelMetrics(self.monitor))

    def add(self, name: str, day: int, *, alerted: bool, is_fraud: bool | None, model_id: str = "m") -> None:
        at = day * DAY_MS
        if is_fraud is not None:
            self.monitor.labelled(name, customer_id=name, event_time_ms=at, label_time_ms=at + 1, is_fraud=is_fraud)
        score = 0.9 if alerted else 0.1
        self.monitor.scored(name, customer_id=name, event_time_ms=at, score=score, alerted=alerted, model_id=model_id)

    def value(self, name: str, **labels: str) -> float | None:
        return self._registry.get_sample_value(name, labels)


@pytest.fixture
def monitored() -> Monitored:
    return Monitored()


def test_rates_and_counts_are_those_of_the_monitor_by_model(monitored):
    for name, alerted, is_fraud in (("a", True, True), ("b", True, False), ("c", False, True), ("d", False, None)):
        monitored.add(name, 1, alerted=alerted, is_fraud=is_fraud)
    monitored.add("e", 1, alerted=True, is_fraud=True, model_id="other")
    monitored.add("late", 3, alerted=False, is_fraud=False)
    assert monitored.value("fraud_label_precision", model_id="m") == 0.5
    assert monitored.value("fraud_label_recall", model_id="m") == 0.5
    assert monitored.value("fraud_label_recall", model_id="other") == 1
    assert monitored.value("fraud_label_squared_error", model_id="m") == pytest.approx((0.01 + 0.81 + 0.81) / 3)
    assert monitored.value("fraud_label_matured_total", model_id="m") == 3
    assert monitored.value("fraud_label_missing_total", model_id="m") == 1
    assert monitored.value("fraud_label_frauds_total", model_id="m") == 2
    assert monitored.value("fraud_label_waiting") == 1


def test_card_precision_is_exported_with_its_k_once_a_day_is_closed(monitored):
    monitored.add("a", 1, alerted=True, is_fraud=True)
    monitored.add("b", 2, alerted=False, is_fraud=False)
    monitored.add("c", 3, alerted=False, is_fraud=False)
    assert monitored.value("fraud_card_precision_at_k", model_id="m", k="2") is None
    monitored.add("d", 4, alerted=False, is_fraud=False)
    assert monitored.value("fraud_card_precision_at_k", model_id="m", k="2") == 0.5


def test_rate_without_observations_is_left_out(monitored):
    monitored.add("a", 1, alerted=False, is_fraud=False)
    monitored.add("b", 2, alerted=False, is_fraud=False)
    assert monitored.value("fraud_label_matured_total", model_id="m") == 1
    assert monitored.value("fraud_label_precision", model_id="m") is None
    assert monitored.value("fraud_label_recall", model_id="m") is None


def test_dropped_scores_are_counted():
    monitored = Monitored(capacity=1)
    for name in ("a", "b", "c"):
        monitored.add(name, 1, alerted=False, is_fraud=None)
    assert monitored.value("fraud_label_dropped_total") == 2
