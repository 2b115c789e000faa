"""Scorecard of the drift detectors: false alarms, delays and misses on seeded scenarios."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.bench import console
from benchmarks.drift.results import report
from benchmarks.drift.scenarios import without_coordinates, world
from benchmarks.drift.trial import BRIEF, FULL, evaluate
from benchmarks.report import Report
from models.scoring.artifact import Artifact, load_artifact
from models.training.train import train
from producers.simulation_config import SimulationConfig


def trained(table: pa.Table) -> Artifact:
    """Train a model on a history and load it."""
    with tempfile.TemporaryDirectory() as folder:
        history, model = Path(folder) / "history.parquet", Path(folder) / "model"
        pq.write_table(table, history)
        train(history, model)
        return load_artifact(model)


def run(brief: bool = False, *, seed: int = 1) -> Report:
    """Train, then evaluate each detector on each scenario."""
    sizes = BRIEF if brief else FULL
    with console.status("training") as status:
        # The same patterns as the streams', of another seed.
        past = world(SimulationConfig(seed=1_000 + seed, customers=sizes.customers))
        models = trained(past), trained(without_coordinates(past))
        return report(evaluate(*models, sizes, seed=seed, progress=status.update))
