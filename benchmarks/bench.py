"""Common parts of the measurements: model, settings as shipped, and a stack of their own."""

import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from fraudstream.devstack.stack import Services
from fraudstream.kafka.registry_access import registry_of
from fraudstream.settings.settings import ModelSettings, PathSettings, Settings, load_settings
from models.training.feature_set import TrainedFeatures
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.replay import replay
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

ROOT = Path(".fraudstream/bench")
HISTORY = SimulationConfig(seed=1, customers=3_000, days=30)
PATIENCE_S = 300.0

console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 200)


def bench_model(features: TrainedFeatures = "all") -> Path:
    """Train the model of the benchmarks; return its folder."""
    folder = ROOT / ("model" if features == "all" else f"model-{features}")
    with console.status("training the model"):
        train(bench_history(), folder, TrainingSettings(seed=1, features=features))
    return folder


def bench_history() -> Path:
    """Simulate the training history; return its file."""
    file = ROOT / "history.parquet"
    pq.write_table(simulate(HISTORY), file)
    return file


def bench_settings(model: Path) -> Settings:
    """Return the settings as shipped, for that model and a state folder of its own."""
    state = ROOT / "state"
    shutil.rmtree(state, ignore_errors=True)
    return load_settings(None).model_copy(
        update={"paths": PathSettings(state=state), "model": ModelSettings(artifact=model)}
    )


def publish(services: Services, table: pa.Table, rate: float | None = None) -> None:
    """Send a table to the transactions topic."""
    registry = registry_of(services.settings)
    with services.broker.publisher() as publisher:
        replay(table, publisher, services.settings.topics.transactions, registry, rate=rate)
