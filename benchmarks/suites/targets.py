"""Published metrics of the default model: on a simulated world, and on the Fraud Detection Handbook's data."""

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.bench import console
from benchmarks.report import Report, Section
from models.training.evaluate import evaluate
from models.training.evaluation import EvaluationSettings
from models.training.train import train
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.errors import UserError

TARGETS = ("average_precision", "auc_roc", "precision_at_90_recall", "recall_at_1_fpr", "value_recall_at_1_fpr")
HANDBOOK_FOLDS = {"train_end": date(2018, 8, 1), "train_days": 28, "folds": 4, "validation_folds": 0}
"""Test weeks of the Handbook's own protocol, with the longer training of docs/training.md."""


def simulated(seed: int, customers: int) -> dict[str, float]:
    """Train on a simulated world by default settings, and return the TARGETS on its last quarter."""
    with tempfile.TemporaryDirectory() as folder:
        history = Path(folder) / "history.parquet"
        pq.write_table(simulate(SimulationConfig(seed=seed, customers=customers)), history)
        with console.status(f"world {seed}: training"):
            metrics = train(history, Path(folder) / "model").metrics
    return _targets({**metrics, "average_precision": metrics["pr_auc"]})


def on_handbook(file: Path) -> dict[str, float]:
    """Return the mean TARGETS over the four test weeks.

    Raises
    ------
    UserError
        There is no such file.
    """
    if not file.is_file():
        raise UserError(f"expected the Handbook's transactions in {file}, found none. Name the file with --handbook")
    with console.status(f"{file.name}: four test weeks"):
        evaluation = evaluate(file, EvaluationSettings(**HANDBOOK_FOLDS))  # type: ignore[arg-type]
    return _targets(evaluation.summary("test"))


def _targets(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: round(metrics[name], 4) for name in TARGETS}


def run(brief: bool = False, *, seed: int = 1, handbook: str = "") -> Report:
    """Measure the default model on data that it was not trained on."""
    figures = {"simulation": simulated(seed, 1_000 if brief else 5_000)}
    if handbook:
        figures["handbook"] = on_handbook(Path(handbook))
    return Report(
        suite="targets",
        workload=f"The default model. Simulation: 30 days of the world of seed {seed}, measured on the last quarter. "
        "Handbook: mean of four test weeks after 28 days of training, cards known as compromised left out.",
        figures=figures,
        raw=figures,
        sections=[
            Section(
                title="Published metrics",
                columns=("data", *(name.replace("_", " ") for name in TARGETS)),
                rows=[(name, *(f"{value:.3f}" for value in row.values())) for name, row in figures.items()],
            )
        ],
    )
