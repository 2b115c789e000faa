"""Recall of the default model in several simulated worlds, with and without live features of entities."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow.parquet as pq

from benchmarks.bench import console
from benchmarks.report import Report, Section
from models.scoring.artifact import Manifest
from models.training.feature_set import TrainedFeatures
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.scenarios import SCENARIOS
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

KINDS = tuple(play.__name__ for play, _ in SCENARIOS)
MEASURES = ("average precision", "recall at 1 % alerts", "false alerts", *KINDS)


def measures(manifest: Manifest) -> list[float]:
    """Return the MEASURES of a model on its validation rows; NaN for a kind of fraud that has none there."""
    metrics, by_kind = manifest.metrics, manifest.recall_at_1pct_alerts
    caught = metrics["recall_at_1pct_alerts"] * metrics["validation_frauds"]
    false_alerts = caught / metrics["precision_at_1pct_alerts"] - caught
    at_1pct = (metrics["pr_auc"], metrics["recall_at_1pct_alerts"], false_alerts)
    return [*at_1pct, *(by_kind.get(kind, float("nan")) for kind in KINDS)]


def of_world(config: SimulationConfig, feature_sets: Sequence[TrainedFeatures]) -> dict[str, list[float]]:
    """Simulate a world and return the measures of a model trained on each feature set."""
    with tempfile.TemporaryDirectory() as folder:
        history = Path(folder) / "history.parquet"
        pq.write_table(simulate(config), history)
        found: dict[str, list[float]] = {}
        for features in feature_sets:
            with console.status(f"world {config.seed}: training on {features} features"):
                manifest = train(history, Path(folder) / features, TrainingSettings(features=features))
            found[features] = measures(manifest)
        return found


def run(brief: bool = False, *, worlds: int = 5, days: int = 30) -> Report:
    """Train and measure in each world; a model of one world is measured on that world's last quarter."""
    seeds = range(1, (1 if brief else worlds) + 1)
    sets: Sequence[TrainedFeatures] = get_args(TrainedFeatures)
    customers = 1_000 if brief else 5_000
    found = {seed: of_world(SimulationConfig(seed=seed, customers=customers, days=days), sets) for seed in seeds}
    rows = [(f"{seed}, {name}", values[name]) for name in sets for seed, values in found.items()]
    means = {name: np.nanmean([values[name] for values in found.values()], axis=0).tolist() for name in sets}
    rows += [(f"mean, {name}", values) for name, values in means.items()]
    return Report(
        suite="worlds",
        workload=f"Simulated worlds of the seeds 1 to {seeds[-1]}: {days} days, the model trained on the first three "
        "quarters by default settings and measured on the last one, with 1 % of the transactions alerted.",
        figures={
            name: dict(zip(MEASURES, np.round(values, 4).tolist(), strict=True)) for name, values in means.items()
        },
        raw={str(seed): values for seed, values in found.items()},
        sections=[
            Section(
                title="Recall by kind of fraud",
                columns=("world, features", *(measure.replace("_", " ") for measure in MEASURES)),
                rows=[(name, *_cells(values)) for name, values in rows],
            )
        ],
    )


def _cells(values: Sequence[float]) -> list[str]:
    return [
        f"{value:,.0f}" if name == "false alerts" else f"{value:.3f}"
        for name, value in zip(MEASURES, values, strict=True)
    ]
