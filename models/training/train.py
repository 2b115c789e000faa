import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.risk import RiskTable
from models.features.table import FEATURE_NAMES, spec_hash
from models.scoring.artifact import Artifact, Manifest, Parity, checksum, write_artifact
from models.scoring.model import OnnxModel
from models.scoring.reasons import usual_spread
from models.training.candidates.candidate import shares
from models.training.cold_start import ColdStart, cold_start
from models.training.export import export_onnx
from models.training.fingerprint import fingerprint
from models.training.fit import LearnerSettings, fit, recorded
from models.training.history_checks import check_history
from models.training.metrics import alert_threshold, pr_auc, precision_recall, recall_by_scenario
from models.training.parity import prove_parity, strange_rows, threshold_rows
from models.training.reference import reference
from models.training.replay import replay_features
from models.training.report import REPORT_FILE, training_report, write_report
from models.training.report_charts import Measured
from models.training.split import TimeSplit, split_by_time
from models.training.thresholds import Thresholds, choose_thresholds
from schemas.columns import read_history
from schemas.errors import UserError

LEAST_FRAUDS = 20
"""Frauds with a known label that training, and validation, must have."""

Progress = Callable[[str, int, int], None]
"""Told the stage's name, how much of it is done, and how much there is."""


class TrainingError(UserError):
    """A history from which no model can be trained."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _History:
    """A history file, replayed: n rows in event order."""

    table: pa.Table
    split: TimeSplit
    is_fraud: NDArray[np.bool_]
    event_time_ms: NDArray[np.int64]
    x: NDArray[np.float32]
    category_risk: RiskTable
    type_risk: RiskTable


def train(
    history: Path,
    out: Path,
    *,
    seed: int = 7,
    threads: int = 1,
    settings: LearnerSettings | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Train a model on a labelled history and write its artifact.

    The same file, seed, settings and number of threads give the same artifact on the same versions.

    Parameters
    ----------
    history : Path
        Parquet file in the columns of `LABELLED_ARROW`; a column ``scenario`` adds the recall of each.
    out : Path
        Folder for model.onnx, manifest.json and report.html. Nothing is written unless all succeeded.
    seed, threads : int
        For LightGBM. Its threads wait for each other at every split: on cores that others use too, two are
        several times slower than one.
    settings : LearnerSettings, optional
    progress : callable of (str, int, int), optional

    Raises
    ------
    UserError
        The file cannot be read, has too few frauds, or the model cannot be exported exactly.
    """
    settings = settings or LearnerSettings()
    tell = progress or (lambda _stage, _done, _total: None)
    past = _replayed(history, tell)
    x, is_fraud = _taught(past, tell)
    tell("train", 0, 1)
    booster = fit(x, is_fraud, settings, seed=seed, threads=threads)
    tell("train", 1, 1)
    tell("prove", 0, 1)
    onnx = export_onnx(booster).SerializeToString(deterministic=True)
    scores, thresholds, parity = _validate(booster, onnx, past, seed)
    artifact = Artifact(
        onnx=onnx,
        manifest=Manifest(
            model_id=f"fraud-{checksum(onnx)[:12]}",
            metrics={**_metrics(past, scores, thresholds), **_cold_metrics(past, OnnxModel(onnx), thresholds, tell)},
            recall_by_scenario=_scenarios(past, scores, thresholds.review),
            recall_at_1pct_alerts=_scenarios(past, scores, alert_threshold(scores)),
            review_threshold=thresholds.review,
            block_threshold=thresholds.block,
            feature_spec_hash=spec_hash(),
            feature_names=FEATURE_NAMES,
            onnx_sha256=checksum(onnx),
            parity=parity,
            data=fingerprint(history, past.event_time_ms),
            settings=recorded(settings, seed),
            versions=_versions(),
            usual_spread=usual_spread(past.x[past.split.train & ~past.is_fraud]),
            category_risk=past.category_risk.to_json(),
            type_risk=past.type_risk.to_json(),
            reference=reference(past.x[past.split.validation], scores),
        ),
    )
    write_artifact(out, artifact)
    importance = shares(booster.feature_importance("gain"))
    write_report(out / REPORT_FILE, training_report(artifact.manifest, _measured(past, scores), importance))
    tell("prove", 1, 1)
    return artifact.manifest


def _replayed(history: Path, tell: Progress) -> _History:
    tell("read", 0, 1)
    table = read_history(history)
    check_history(table, history)
    if not len(table):
        raise TrainingError(f"Training on {history}: expected transactions, was an empty file")
    event_time_ms = table["event_time"].cast(pa.int64()).to_numpy()
    is_fraud = table["is_fraud"].to_numpy()
    split = split_by_time(event_time_ms, table["label_time"].cast(pa.int64()).to_numpy())
    _refuse_few_frauds(history, is_fraud, split)
    tell("read", 1, 1)
    category_risk, type_risk = (
        RiskTable.fit(table[column].filter(pa.array(split.risk)), is_fraud[split.risk])
        for column in ("merchant_category", "transaction_type")
    )
    x, duplicate = replay_features(
        table,
        category_risk=category_risk,
        type_risk=type_risk,
        with_labels=True,
        progress=lambda done, total: tell("replay", done, total),
    )
    return _History(
        table=table,
        split=split.without(duplicate),
        is_fraud=is_fraud,
        event_time_ms=event_time_ms,
        x=x,
        category_risk=category_risk,
        type_risk=type_risk,
    )


def _taught(past: _History, tell: Progress) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what the trees learn from: the training rows as they were, and as cold starts with and without labels."""
    split = past.split
    period = (past.event_time_ms >= split.risk_until_ms) & (past.event_time_ms < split.train_until_ms)
    x, is_fraud = [past.x[split.train]], [past.is_fraud[split.train]]
    for with_labels in (True, False):
        cold = _cold_start(past, period, with_labels=with_labels, tell=tell)
        known = split.train[cold.rows]
        x.append(cold.x[known])
        is_fraud.append(past.is_fraud[cold.rows[known]])
    return np.concatenate(x), np.concatenate(is_fraud)


def _cold_start(past: _History, period: NDArray[np.bool_], *, with_labels: bool, tell: Progress) -> ColdStart:
    return cold_start(
        past.table,
        period,
        category_risk=past.category_risk,
        type_risk=past.type_risk,
        with_labels=with_labels,
        progress=lambda done, total: tell("replay from empty", done, total),
    )


def _refuse_few_frauds(history: Path, is_fraud: NDArray[np.bool_], split: TimeSplit) -> None:
    for period, rows in (("training", split.train), ("validation", split.validation)):
        frauds = int(np.count_nonzero(is_fraud & rows))
        if frauds < LEAST_FRAUDS:
            raise TrainingError(
                f"Training on {history}: expected at least {LEAST_FRAUDS} frauds in the {period} period "
                f"whose labels were known in time, was {frauds} of {np.count_nonzero(is_fraud)} in the file. "
                "Give a history that is longer, or has more frauds or a shorter label delay"
            )


def _validate(
    booster: lgb.Booster, onnx: bytes, past: _History, seed: int
) -> tuple[NDArray[np.float32], Thresholds, Parity]:
    """Score the validation rows as the job will, choose the thresholds, and prove ONNX against LightGBM."""
    model = OnnxModel(onnx)
    validation = past.x[past.split.validation]
    at_thresholds = threshold_rows(booster, validation[:20_000])
    rows = np.concatenate([validation, at_thresholds, strange_rows(validation, seed)])
    scores, expected = model.score(rows), np.asarray(booster.predict(rows))
    ordinary, made = scores[: len(validation)], scores[len(validation) :]
    thresholds = choose_thresholds(past.is_fraud[past.split.validation], ordinary, made)
    parity = prove_parity(
        expected=expected,
        scores=scores,
        threshold_rows=len(at_thresholds),
        review=thresholds.review,
        block=thresholds.block,
    )
    return ordinary, thresholds, parity


def _metrics(past: _History, scores: NDArray[np.float32], thresholds: Thresholds) -> dict[str, float]:
    train_frauds = past.is_fraud[past.split.train]
    is_fraud = past.is_fraud[past.split.validation]
    review_precision, review_recall = precision_recall(is_fraud, scores, thresholds.review)
    block_precision, block_recall = precision_recall(is_fraud, scores, thresholds.block)
    return {
        "pr_auc": pr_auc(is_fraud, scores),
        "review_precision": review_precision,
        "review_recall": review_recall,
        "block_precision": block_precision,
        "block_recall": block_recall,
        "recall_at_1pct_alerts": precision_recall(is_fraud, scores, alert_threshold(scores))[1],
        "validation_rows": len(is_fraud),
        "validation_frauds": int(np.count_nonzero(is_fraud)),
        "train_rows": len(train_frauds),
        "train_frauds": int(np.count_nonzero(train_frauds)),
    }


def _cold_metrics(past: _History, model: OnnxModel, thresholds: Thresholds, tell: Progress) -> dict[str, float]:
    """Measure the validation rows as an engine that began empty with them, and has no labels, sees them."""
    cold = _cold_start(past, past.split.validation, with_labels=False, tell=tell)
    is_fraud, scores = past.is_fraud[cold.rows], model.score(cold.x)
    precision, recall = precision_recall(is_fraud, scores, thresholds.review)
    return {
        "cold_pr_auc": pr_auc(is_fraud, scores),
        "cold_review_precision": precision,
        "cold_review_recall": recall,
    }


def _scenarios(past: _History, scores: NDArray[np.float32], threshold: float) -> dict[str, float]:
    measured = _measured(past, scores)
    if measured.scenario is None:
        return {}
    return recall_by_scenario(measured.is_fraud, scores, measured.scenario, threshold)


def _measured(past: _History, scores: NDArray[np.float32]) -> Measured:
    rows = past.split.validation
    scenario = past.table["scenario"].to_numpy()[rows] if "scenario" in past.table.column_names else None
    return Measured(
        name="validation",
        period="validation",
        event_time_ms=past.event_time_ms[rows],
        is_fraud=past.is_fraud[rows],
        scores=scores,
        scenario=scenario,
    )


def _versions() -> dict[str, str]:
    libraries = ("lightgbm", "onnx", "onnxmltools", "onnxruntime", "numpy", "numba", "pyarrow")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}
