"""Metrics of a model on its validation rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.scoring.model import OnnxModel
from models.training.cold_start import ColdStart
from models.training.history import History
from models.training.metrics import alert_threshold, pr_auc, precision_recall, recall_by_scenario, target_metrics
from models.training.report_charts import Measured
from models.training.split import TimeSplit
from models.training.thresholds import Thresholds


def measured(past: History, split: TimeSplit, scores: NDArray[np.float32]) -> Measured:
    """Return the validation rows with their scores (n,)."""
    rows = split.validation
    return Measured(
        name="validation",
        period="validation",
        event_time_ms=past.transactions.event_time_ms[rows],
        is_fraud=past.transactions.is_fraud[rows],
        scores=scores,
        scenario=None if past.scenario is None else past.scenario[rows],
    )


def validation_metrics(validation: Measured, amount: NDArray[np.float32], thresholds: Thresholds) -> dict[str, float]:
    """Return the metrics of the n validation rows; ``pr_auc`` comes first.

    Parameters
    ----------
    amount : ndarray of float32, (n,)
        In major units.
    """
    is_fraud, scores = validation.is_fraud, validation.scores
    review_precision, review_recall = precision_recall(is_fraud, scores, thresholds.review)
    block_precision, block_recall = precision_recall(is_fraud, scores, thresholds.block)
    precision_at_1pct, recall_at_1pct = precision_recall(is_fraud, scores, alert_threshold(scores))
    return {
        "pr_auc": pr_auc(is_fraud, scores),
        **target_metrics(is_fraud, scores, amount),
        "review_precision": review_precision,
        "review_recall": review_recall,
        "block_precision": block_precision,
        "block_recall": block_recall,
        "precision_at_1pct_alerts": precision_at_1pct,
        "recall_at_1pct_alerts": recall_at_1pct,
        "validation_rows": len(is_fraud),
        "validation_frauds": int(np.count_nonzero(is_fraud)),
    }


def cold_metrics(
    cold: ColdStart, is_fraud: NDArray[np.bool_], model: OnnxModel, thresholds: Thresholds
) -> dict[str, float]:
    """Return the metrics of the validation rows in a cold start.

    Parameters
    ----------
    cold : ColdStart
        Cold start of the m validation rows.
    is_fraud : ndarray of bool, (m,)
    """
    scores = model.score(cold.x)
    precision, recall = precision_recall(is_fraud, scores, thresholds.review)
    return {"cold_pr_auc": pr_auc(is_fraud, scores), "cold_review_precision": precision, "cold_review_recall": recall}


def scenario_recalls(validation: Measured, threshold: float) -> dict[str, float]:
    """Return the recall of each kind of fraud from a threshold on; empty where the history has no kinds."""
    if validation.scenario is None:
        return {}
    return recall_by_scenario(validation.is_fraud, validation.scores, validation.scenario, threshold)
