"""Evaluation of a learner, fold by fold."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES
from models.scoring.model import OnnxModel
from models.training.calibration import fit_calibrated
from models.training.class_shares import ClassCount, require_like_shares
from models.training.evaluation import Evaluation, EvaluationSettings, FoldResult, Period
from models.training.feature_set import select_features, width_of
from models.training.history import Progress, read_labelled, replay_history
from models.training.learners.catalogue import LEARNERS
from models.training.learners.learner import Learner, TrainedModel
from models.training.measure import OBJECTIVE, Measure
from models.training.metrics import (
    best_f1,
    brier_score,
    calibration_error,
    card_precision,
    lowest_cost,
    pr_auc,
    target_metrics,
)
from models.training.protocol import EPOCH, Fold, Transactions, day_number, risk_rows
from schemas.durations import DAY_MS
from schemas.errors import UserError

CARDS = 100
"""Cards that can be checked in a day, for the card precision."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """History with its features: n rows in event order.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        The columns of the feature set.
    names : tuple of str
        Names of the columns of ``x``.
    amount : ndarray of float32, (n,)
        In major units.
    usable : ndarray of bool, (n,)
        Rows that are no duplicates.
    """

    table: pa.Table
    transactions: Transactions
    x: NDArray[np.float32]
    names: tuple[str, ...]
    amount: NDArray[np.float32]
    usable: NDArray[np.bool_]


def evaluate(
    history: Path,
    settings: EvaluationSettings,
    *,
    choose: Callable[[Prepared], Learner] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a learner as in production, fold by fold.

    Features are computed once over the whole file, each row's from what was known before it. Each fold then
    trains on its own days, is exported to ONNX, and its test rows are scored by onnxruntime.

    Parameters
    ----------
    history : Path
        Parquet file in the columns of `LABELLED_ARROW`.
    choose : callable of Prepared, optional
        Chooses the learner, as a search does; default: the learner named in the settings.
    progress : callable of (str, int, int), optional

    Raises
    ------
    UserError
        The file cannot be read, does not hold the folds' days, or has a fold without frauds.
    """
    progress = progress or (lambda _stage, _done, _total: None)
    prepared = prepare(history, settings, progress)
    learner = choose(prepared) if choose else LEARNERS[settings.model](settings.balance)
    return evaluate_prepared(prepared, learner, settings, progress=progress)


def prepare(history: Path, settings: EvaluationSettings, progress: Progress) -> Prepared:
    """Read a history and compute the features of its rows.

    The risk tables are fitted on labels known before the first fold's training, so no training row has its own label
    among its features.
    """
    table = read_labelled(history, progress, timezone=settings.timezone, limits=settings.limits)
    transactions = Transactions.of(table, maturity_days=settings.maturity_days)
    folds = [fold for _, fold in settings.periods()]
    _refuse_days_outside(history, transactions, folds)
    width = width_of(settings.features)
    past = replay_history(table, transactions, risk_rows(folds, transactions), progress, width=width)
    x, names = select_features(past.x, settings.features, FEATURE_NAMES[:width])
    return Prepared(
        table=table,
        transactions=transactions,
        x=x,
        names=names,
        amount=past.x[:, FEATURE_NAMES.index("amount")].copy(),
        usable=~past.duplicate,
    )


def evaluate_prepared(
    prepared: Prepared, learner: Learner, settings: EvaluationSettings, *, progress: Progress | None = None
) -> Evaluation:
    """Measure a learner on features computed before: see `evaluate`."""
    periods = settings.periods()
    results = []
    for done, (period, fold) in enumerate(periods):
        if progress:
            progress(f"{period} fold of {fold.train_end}", done, len(periods))
        results.append(measure(prepared, learner, period, fold, settings))
    return Evaluation(
        settings=settings, learner=asdict(learner), names=prepared.names, results=tuple(results), table=prepared.table
    )


def measure(
    prepared: Prepared, learner: Learner, period: Period, fold: Fold, settings: EvaluationSettings
) -> FoldResult:
    """Train, export and score one fold."""
    transactions, x = prepared.transactions, prepared.x
    train = fold.train_rows(transactions) & prepared.usable
    rows = np.flatnonzero(fold.test_rows(transactions) & prepared.usable)
    is_fraud = transactions.is_fraud[rows]
    require_like_shares(
        f"Evaluation, fold with --train-end {fold.train_end}",
        ClassCount.of("its training days", transactions.is_fraud[train]),
        ClassCount.of("its test days", is_fraud),
        maturity_days=transactions.maturity_ms / DAY_MS,
    )
    fitted = _fit(prepared, learner, fold, train, settings)
    model = OnnxModel(fitted.export().SerializeToString(deterministic=True), features=x.shape[1])
    scores = model.score(x[rows])
    difference = float(np.max(np.abs(fitted.probability(x[rows]) - scores)))
    if not difference <= fitted.bound:
        raise UserError(
            f"ONNX parity of {settings.model}, fold of {fold.train_end}: expected at most {fitted.bound:.3g} of "
            f"difference, got {difference:.3g}. Report this with the history file"
        )
    return FoldResult(
        period=period,
        fold=fold,
        train_rows=int(np.count_nonzero(train)),
        train_frauds=int(np.count_nonzero(transactions.is_fraud[train])),
        rows=rows,
        is_fraud=is_fraud,
        scores=scores,
        importance=fitted.importance(),
        metrics=_metrics(prepared, rows, scores),
        parity=difference,
    )


def validation_measures(prepared: Prepared, settings: EvaluationSettings) -> list[Measure]:
    """Return a measure for each validation fold, for `search`."""

    def measure_on(fold: Fold) -> Measure:
        return lambda learner: measure(prepared, learner, "validation", fold, settings).metrics[OBJECTIVE]

    return [measure_on(fold) for period, fold in settings.periods() if period == "validation"]


def _fit(
    prepared: Prepared, learner: Learner, fold: Fold, train: NDArray[np.bool_], settings: EvaluationSettings
) -> TrainedModel:
    """Train on a fold's rows, or on all but the last days, and calibrate on the last days."""
    is_fraud = prepared.transactions.is_fraud
    held_out = train & (prepared.transactions.day >= day_number(fold.train_end) - settings.calibration_days)
    fit_rows = train & ~held_out
    _refuse_one_class(fold, "training", is_fraud[fit_rows])
    return fit_calibrated(
        learner,
        prepared.x,
        is_fraud,
        fit_rows=fit_rows,
        held_out=held_out if settings.calibration_days else None,
        seed=settings.seed,
        threads=settings.threads,
    )


def _metrics(prepared: Prepared, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> dict[str, float]:
    transactions = prepared.transactions
    is_fraud, amount = transactions.is_fraud[rows], prepared.amount[rows]
    day, card = transactions.day[rows], transactions.customer[rows]
    cost = lowest_cost(is_fraud, scores, amount)
    return {
        "average_precision": pr_auc(is_fraud, scores),
        **target_metrics(is_fraud, scores, amount),
        f"card_precision_{CARDS}": card_precision(day, card, is_fraud, scores, CARDS),
        "best_f1": best_f1(is_fraud, scores),
        "lowest_cost": cost,
        "saved_share": 1 - cost / max(float(amount[is_fraud].sum()), 1e-9),
        "brier_score": brier_score(is_fraud, scores),
        "calibration_error": calibration_error(is_fraud, scores),
    }


def _refuse_days_outside(history: Path, transactions: Transactions, folds: list[Fold]) -> None:
    first, last = (EPOCH + timedelta(days=int(transactions.day[row])) for row in (0, -1))
    start, end = min(fold.train_start for fold in folds), max(fold.test_end for fold in folds) - timedelta(days=1)
    if start < first or end > last:
        raise UserError(
            f"Evaluation on {history}: expected transactions from {start} to {end} for the folds, got {first} to "
            f"{last}. Give another --train-end, fewer --folds or --validation-folds, or fewer --train-days"
        )


def _refuse_one_class(fold: Fold, period: str, is_fraud: NDArray[np.bool_]) -> None:
    frauds = int(np.count_nonzero(is_fraud))
    if not 0 < frauds < len(is_fraud):
        raise UserError(
            f"Evaluation, fold with --train-end {fold.train_end}: expected frauds and genuine transactions in its "
            f"{period} days, got {frauds} frauds of {len(is_fraud)} rows. Give other days, or longer ones"
        )
