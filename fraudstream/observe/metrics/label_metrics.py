"""Metrics of model quality."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.monitoring.label_monitor import LabelMonitor
from models.monitoring.model_figures import ModelFigures


class LabelMetrics(Collector):
    """Collector of model quality on mature labels at each scrape.

    Rates without data are left out instead of 0.
    """

    def __init__(self, monitor: LabelMonitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of each model, and the counts of waiting and dropped transactions."""
        figures = self._monitor.figures()
        yield from _counts(figures)
        yield from _rates(figures)
        cards = GaugeMetricFamily(
            "fraud_card_precision_at_k",
            "Mean over the matured days of the share of compromised cards among the k with the highest scores.",
            labels=["model_id", "k"],
        )
        for item in figures:
            if item.card_precision_days:
                cards.add_metric([item.model_id, str(self._monitor.k)], item.card_precision)
        yield cards
        yield GaugeMetricFamily(
            "fraud_label_waiting", "Scored transactions that are not mature.", value=self._monitor.waiting
        )
        yield CounterMetricFamily(
            "fraud_label_dropped",
            "Transactions and labels given up, since too many waited.",
            value=self._monitor.dropped + self._monitor.labels_dropped,
        )


def _counts(figures: list[ModelFigures]) -> Iterable[Metric]:
    labels = ["model_id"]
    matured = CounterMetricFamily(
        "fraud_label_matured", "Transactions that were old enough and had a label by then.", labels=labels
    )
    missing = CounterMetricFamily(
        "fraud_label_missing", "Transactions that were old enough and had no label.", labels=labels
    )
    frauds = CounterMetricFamily("fraud_label_frauds", "Frauds among the matured transactions.", labels=labels)
    for item in figures:
        matured.add_metric([item.model_id], item.matured)
        missing.add_metric([item.model_id], item.unlabelled)
        frauds.add_metric([item.model_id], item.frauds)
    yield from (matured, missing, frauds)


def _rates(figures: list[ModelFigures]) -> Iterable[Metric]:
    labels = ["model_id"]
    precision = GaugeMetricFamily(
        "fraud_label_precision", "Share of frauds among the alerts, of the last matured transactions.", labels=labels
    )
    recall = GaugeMetricFamily(
        "fraud_label_recall", "Share of the frauds that alerted, of the last matured transactions.", labels=labels
    )
    error = GaugeMetricFamily(
        "fraud_label_squared_error", "Mean of (score - label)^2 over the last matured transactions.", labels=labels
    )
    for item in figures:
        if item.alerts:
            precision.add_metric([item.model_id], item.precision)
        if item.frauds:
            recall.add_metric([item.model_id], item.recall)
        if item.matured:
            error.add_metric([item.model_id], item.squared_error)
    yield from (precision, recall, error)
