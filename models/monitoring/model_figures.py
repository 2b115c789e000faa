from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ModelFigures:
    """How good one model was, by the labels that are mature.

    Parameters
    ----------
    model_id : str
    matured : int
        Transactions with a label that were old enough; all other figures are of them.
    unlabelled : int
        Transactions that were old enough, and had no label.
    alerts, frauds : int
        Of the matured ones.
    precision, recall : float
        Of the last matured ones: see `LabelMonitor`. 0 where there was no alert, or no fraud.
    squared_error : float
        Mean of (score - label)^2 over the same.
    card_precision : float
        Mean over the matured days of the share of compromised cards among the k with the highest scores.
    card_precision_days : int
        Days in it.
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
