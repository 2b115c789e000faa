"""Settings and results of an evaluation."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.training.feature_set import FeatureSet
from models.training.learners.learner import Balance
from models.training.protocol import Fold, successive
from schemas.file_limits import USUAL_LIMITS, FileLimits

HEADLINE = (
    "average_precision", "auc_roc", "card_precision_100", "precision_at_90_recall", "value_recall_at_1_fpr",
)  # fmt: skip
"""The metrics that the benchmark publishes, and those that systems of this kind are measured by."""

Period = Literal["validation", "test"]


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """Settings of an evaluation.

    Parameters
    ----------
    train_end : date
        First day after the training of the first test fold.
    train_days, delay_days, test_days : int
        See `Fold`.
    folds, validation_folds : int
        Number of folds. Choices are made on the validation folds, so only the test folds measure the result.
    validation_days_before : int
        Days from a validation fold to its test fold.
    model : str
        A name in `LEARNERS`.
    balance : str
        See `balanced`.
    calibration_days : int
        Last days of training, on which the calibration is fitted instead of the trees; 0 for none.
    features : str
        See `select_features`.
    maturity_days : float or None
        Age at which a label counts as final; None derives it from the history.
    timezone : str or None
        IANA time zone of times in the history that have none.
    limits : FileLimits
        Limits of years and amounts in the history.
    """

    train_end: date
    train_days: int = 7
    delay_days: int = 7
    test_days: int = 7
    folds: int = 4
    validation_folds: int = 4
    validation_days_before: int = 35
    model: str = "lightgbm"
    balance: Balance = "none"
    calibration_days: int = 0
    features: FeatureSet = "all"
    maturity_days: float | None = None
    timezone: str | None = None
    limits: FileLimits = USUAL_LIMITS
    seed: int = 7
    threads: int = 1

    def periods(self) -> tuple[tuple[Period, Fold], ...]:
        """Return all folds in order of time, each with its period."""
        first = Fold(
            train_end=self.train_end, train_days=self.train_days, delay_days=self.delay_days, test_days=self.test_days
        )
        before = successive(first.later(-self.validation_days_before), self.validation_folds)
        return (*(("validation", fold) for fold in before), *(("test", fold) for fold in successive(first, self.folds)))


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldResult:
    """One fold's model, measured on its test rows.

    Parameters
    ----------
    period, fold
        Purpose and days of the fold.
    rows : ndarray of int64, (n,)
        Indices of the test rows in the history.
    is_fraud : ndarray of bool, (n,)
    scores : ndarray of float32, (n,)
        Scores by onnxruntime.
    importance : ndarray of float64, (F,)
    parity : float
        Largest difference between the scores and the training library's probabilities.
    """

    period: Period
    fold: Fold
    train_rows: int
    train_frauds: int
    rows: NDArray[np.int64]
    is_fraud: NDArray[np.bool_]
    scores: NDArray[np.float32]
    importance: NDArray[np.float64]
    metrics: dict[str, float]
    parity: float

    def to_json(self) -> dict[str, Any]:
        """Return the result without its rows."""
        return {
            "train_start": self.fold.train_start.isoformat(),
            "train_end": self.fold.train_end.isoformat(),
            "test_start": self.fold.test_start.isoformat(),
            "test_end": self.fold.test_end.isoformat(),
            "train_rows": self.train_rows,
            "train_frauds": self.train_frauds,
            "test_rows": len(self.rows),
            "test_frauds": int(np.count_nonzero(self.is_fraud)),
            "onnx_difference": self.parity,
            **self.metrics,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Results of all folds.

    Parameters
    ----------
    names : tuple of str
        Features, in the order of each fold's importance.
    results : tuple of FoldResult
        Results in order of time.
    """

    settings: EvaluationSettings
    learner: dict[str, Any]
    names: tuple[str, ...]
    results: tuple[FoldResult, ...]
    table: pa.Table

    def of(self, period: Period) -> tuple[FoldResult, ...]:
        """Return the folds of a period."""
        return tuple(result for result in self.results if result.period == period)

    def summary(self, period: Period) -> dict[str, float]:
        """Return each metric's mean over the period's folds, and with ``_sd`` its standard deviation."""
        results = self.of(period)
        named: dict[str, float] = {}
        for name in results[0].metrics if results else ():
            values = [result.metrics[name] for result in results]
            named[name] = float(np.mean(values))
            named[f"{name}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return named

    def to_json(self) -> dict[str, Any]:
        """Return means and folds, those of validation under `validation`."""
        return {
            **self.summary("test"),
            "model": self.settings.model,
            "features": self.settings.features,
            "learner": self.learner,
            "calibration_days": self.settings.calibration_days,
            "train_days": self.settings.train_days,
            "seed": self.settings.seed,
            "folds": [result.to_json() for result in self.of("test")],
            "validation": {
                **self.summary("validation"),
                "folds": [result.to_json() for result in self.of("validation")],
            },
        }
