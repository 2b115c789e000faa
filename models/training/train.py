"""Training of a model and export of its artifact."""

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES, FEATURES, spec_hash
from models.scoring.artifact import Artifact, Manifest, checksum, write_artifact
from models.scoring.contributions import read_contributions
from models.scoring.model import OnnxModel
from models.scoring.unusual import usual_spread
from models.training.calibration import fit_calibrated
from models.training.class_shares import ClassCount, require_like_shares
from models.training.cold_start import cold_start
from models.training.feature_set import width_of
from models.training.fingerprint import fingerprint
from models.training.history import History, Progress, read_labelled, replay_history
from models.training.learners.catalogue import LEARNERS
from models.training.learners.learner import Learner, TrainedModel
from models.training.library_model import write_library_model
from models.training.metrics import alert_threshold
from models.training.protocol import Transactions
from models.training.reference import reference, signal_references
from models.training.report import REPORT_FILE, training_report, write_report
from models.training.split import TimeSplit, split_by_time
from models.training.time_outlier import require_no_outlier
from models.training.training_set import HELD_OUT, TrainingSet
from models.training.training_settings import TrainingSettings
from models.training.validation import cold_metrics, measured, scenario_recalls, validation_metrics
from models.training.verified_export import VerifiedExport, export_verified
from schemas.durations import DAY_MS
from schemas.errors import UserError

MIN_FRAUDS = 20
"""Minimum of frauds with a known label in training, and in validation."""

MAX_REPEATED = 0.5
"""Share of the rows that may repeat a transaction_id of the same customer."""


def train(
    history: Path,
    out: Path,
    settings: TrainingSettings | None = None,
    *,
    learner: Learner | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Train a model on a labelled history and write its artifact.

    The same file, settings and number of threads give the same artifact on the same versions, but for a search,
    whose number of trials depends on the machine.

    Parameters
    ----------
    history : Path
        Parquet file in the columns of `LABELLED_ARROW`; a column ``scenario`` adds the recall of each.
    out : Path
        Folder for model.onnx, manifest.json, library_model.txt and report.html. Written only when all succeeded.
    learner : Learner, optional
        Learner; default: the settings' model with its default settings.
    progress : callable of (str, int, int), optional

    Raises
    ------
    UserError
        The file cannot be read, has too few frauds, or the model cannot be exported exactly.
    """
    settings = settings or TrainingSettings()
    progress = progress or (lambda _stage, _done, _total: None)
    past, split = _replayed(history, settings, progress)
    training_set = TrainingSet.of(past, split, progress)
    learner = learner or _chosen_learner(training_set, settings, progress)
    progress("train", 0, 1)
    fitted = _fit(learner, training_set, settings)
    progress("train", 1, 1)
    progress("verify", 0, 1)
    verified = export_verified(
        fitted, past.x[split.validation], past.transactions.is_fraud[split.validation], seed=settings.seed
    )
    artifact = Artifact(
        onnx=verified.onnx,
        manifest=_manifest(history, past, split, verified, _recorded(learner, settings, past.transactions), progress),
    )
    write_artifact(out, artifact)
    write_library_model(out, fitted)
    validation = measured(past, split, verified.scores)
    write_report(out / REPORT_FILE, training_report(artifact.manifest, validation, fitted.importance()))
    progress("verify", 1, 1)
    return artifact.manifest


def _replayed(history: Path, settings: TrainingSettings, progress: Progress) -> tuple[History, TimeSplit]:
    subject = f"Training on {history}"
    table = read_labelled(history, progress, timezone=settings.timezone, limits=settings.limits)
    require_no_outlier(subject, table)
    transactions = Transactions.of(table, maturity_days=settings.maturity_days)
    split = split_by_time(transactions, recent_frauds=settings.recent_frauds)
    _require_learnable(subject, transactions, split)
    past = replay_history(table, transactions, split.risk, progress, width=width_of(settings.features))
    split = split.without(past.duplicate)
    _require_own_ids(subject, past.duplicate)
    _require_learnable(subject, transactions, split)
    return past, split


def _require_own_ids(subject: str, duplicate: NDArray[np.bool_]) -> None:
    """Refuse a history that is mostly repetitions: its transaction_id is no id of a transaction."""
    repeated = int(np.count_nonzero(duplicate))
    if repeated > MAX_REPEATED * len(duplicate):
        raise UserError(
            f"{subject}: expected a transaction_id of its own for each transaction of a customer, got {repeated:,} of "
            f"{len(duplicate):,} rows that repeat one: the job drops them. Give each transaction its own"
        )


def _require_learnable(subject: str, rows: Transactions, split: TimeSplit) -> None:
    """Refuse too few frauds, and fraud shares that differ between training and validation."""
    maturity_days = rows.maturity_ms / DAY_MS
    for period, chosen in (("training", split.train), ("validation", split.validation)):
        frauds = int(np.count_nonzero(rows.is_fraud & chosen))
        if frauds < MIN_FRAUDS:
            days = (rows.event_time_ms[-1] - rows.event_time_ms[0]) / DAY_MS
            raise UserError(
                f"{subject}: expected at least {MIN_FRAUDS} frauds in the {period} period whose labels were known in "
                f"time, got {frauds} of {np.count_nonzero(rows.is_fraud):,} in the file, which spans {days:.1f} days "
                f"(labels count as final after {maturity_days:.1f} days). "
                "Give a history that is longer, or has more frauds or a shorter label delay"
            )
    mature = split.train & (rows.event_time_ms + rows.maturity_ms <= split.train_until_ms)
    require_like_shares(
        subject,
        ClassCount.of("training", rows.is_fraud[mature]),
        ClassCount.of("validation", rows.is_fraud[split.validation]),
        maturity_days=maturity_days,
    )


def _chosen_learner(training_set: TrainingSet, settings: TrainingSettings, progress: Progress) -> Learner:
    if not settings.search_minutes:
        return LEARNERS[settings.model](settings.balance)
    from models.training.search import search  # noqa: PLC0415  (slow to import, and rarely used)

    measures = training_set.measures(seed=settings.seed, threads=settings.threads)
    seconds = 60 * settings.search_minutes
    return search(settings.model, measures, seed=settings.seed, seconds=seconds, progress=progress).learner


def _fit(learner: Learner, training_set: TrainingSet, settings: TrainingSettings) -> TrainedModel:
    fit_rows = training_set.before(1 - HELD_OUT if settings.calibrate else 1)
    return fit_calibrated(
        learner,
        training_set.x,
        training_set.is_fraud,
        fit_rows=fit_rows,
        held_out=training_set.is_warm & ~fit_rows if settings.calibrate else None,
        seed=settings.seed,
        threads=settings.threads,
    )


def _manifest(
    history: Path,
    past: History,
    split: TimeSplit,
    verified: VerifiedExport,
    recorded: Mapping[str, Any],
    progress: Progress,
) -> Manifest:
    onnx, scores, thresholds, parity, self_test = verified
    is_fraud, validation = past.transactions.is_fraud, measured(past, split, scores)
    width = past.x.shape[1]
    cold = cold_start(past, split.validation, with_labels=False, progress=progress)
    return Manifest(
        model_id=f"fraud-{checksum(onnx)[:12]}",
        metrics={
            **validation_metrics(validation, past.x[split.validation, FEATURE_NAMES.index("amount")], thresholds),
            "train_rows": int(np.count_nonzero(split.train)),
            "train_frauds": int(np.count_nonzero(split.train & is_fraud)),
            **cold_metrics(cold, is_fraud[cold.rows], OnnxModel(onnx), thresholds),
        },
        recall_by_scenario=scenario_recalls(validation, thresholds.review),
        recall_at_1pct_alerts=scenario_recalls(validation, alert_threshold(scores)),
        review_threshold=thresholds.review,
        block_threshold=thresholds.block,
        feature_spec_hash=spec_hash(FEATURES[:width]),
        feature_names=FEATURE_NAMES[:width],
        onnx_sha256=checksum(onnx),
        parity=parity,
        self_test=self_test,
        data=fingerprint(history, past.transactions.event_time_ms),
        settings=dict(recorded),
        versions=_versions(),
        usual_spread=usual_spread(past.x[split.train & ~is_fraud]),
        reasons="contributions" if read_contributions(onnx) else "unusual values",
        category_risk=past.category_risk.to_json(),
        type_risk=past.type_risk.to_json(),
        reference=reference(past.x[split.validation], scores),
        signals=signal_references(
            past.x[split.validation],
            scores,
            is_fraud[split.validation],
            past.transactions.event_time_ms[split.validation],
            review=thresholds.review,
        ),
    )


def _recorded(learner: Learner, settings: TrainingSettings, rows: Transactions) -> dict[str, float | int | str]:
    """Return the manifest's settings: the model, its own settings flattened, and those of training."""
    learner_settings = asdict(learner)
    learner_settings |= learner_settings.pop("settings", {})
    return {
        "model": settings.model,
        **learner_settings,
        "features": settings.features,
        "calibrated": int(settings.calibrate),
        "search_minutes": settings.search_minutes,
        "maturity_days": round(rows.maturity_ms / DAY_MS, 3),
        "maturity_from": "data" if settings.maturity_days is None else "setting",
        "recent_frauds": int(settings.recent_frauds),
        "seed": settings.seed,
    }


def _versions() -> dict[str, str]:
    libraries = (
        "lightgbm", "xgboost-cpu", "scikit-learn", "imbalanced-learn",
        "onnx", "onnxmltools", "skl2onnx", "onnxruntime", "numpy", "numba", "pyarrow",
    )  # fmt: skip
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}
