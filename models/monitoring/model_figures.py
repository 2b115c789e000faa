"""Metrics of a model at one moment."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ModelFigures:
    """Metrics of a model on mature transactions.

    Parameters
    ----------
    matured : int
        Mature transactions with a label; the other metrics are of these.
    unlabelled : int
        Mature transactions without a label.
    alerts, frauds : int
        Alerts and frauds among them.
    precision, recall : float
        Precision and recall of the last matured transactions, see `LabelMonitor`; 0 without an alert, or fraud.
    squared_error : float
        Mean of (score - label)^2 over the same.
    card_precision : float
        Mean over the matured days of the share of compromised cards among the k with the highest scores.
    card_precision_days : int
        Number of those days.
    """

    model_id: str
    matured: int
    unlabelled: int
    alerts: int
    frauds: int
    precision: float
    recall: float
    squared_error: float
    card_precision: float
    card_precision_days: int
