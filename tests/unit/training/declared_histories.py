"""The small history with declared columns, and the artifact trained on it, made once per test run."""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.scoring.artifact import Artifact, load_artifact
from models.training.train import train
from models.training.training_settings import TrainingSettings
from schemas.declaration.declaration import Declaration
from schemas.declaration.declaration_file import read_declaration
from schemas.durations import HOUR_MS
from schemas.time_column import UTC_MS
from tests.unit.schemas.declaration.declarations import COLUMNS, written
from tests.unit.training.histories import SMALL, history, history_file


def with_columns(table: pa.Table, seed: int = 0) -> pa.Table:
    """Return a labelled table with the columns of COLUMNS, each with some nulls, in no relation but to the label."""
    rng, rows = np.random.default_rng(seed), len(table)
    is_fraud = table["is_fraud"].to_numpy(zero_copy_only=False).astype(bool)
    opened = table["event_time"].cast(pa.int64()).to_numpy() - rng.integers(0, 1_000, rows) * HOUR_MS // 3
    modes = np.where(is_fraud & (rng.random(rows) < 0.5), "keyed", rng.choice(["chip", "web"], rows))
    columns = {
        "risk": pa.array(rng.normal(3 * is_fraud), mask=rng.random(rows) < 0.1),
        "entry_mode": pa.array(modes, mask=rng.random(rows) < 0.1),
        "declined": pa.array(rng.random(rows) < 0.3, mask=rng.random(rows) < 0.1),
        "ip": pa.array([f"10.0.0.{number}" for number in rng.integers(0, 256, rows)], mask=rng.random(rows) < 0.1),
        "opened": pa.array(opened, UTC_MS, mask=rng.random(rows) < 0.1),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


@cache
def declaration_file() -> Path:
    """Write the declaration."""
    folder = history_file().parent / "declared"
    folder.mkdir()
    return written(folder, COLUMNS)


def declaration() -> Declaration:
    """Read what `declaration_file` holds."""
    return read_declaration(declaration_file())


@cache
def declared_history_file() -> Path:
    """Write `history` with declared columns to a file."""
    path = declaration_file().parent / "history.parquet"
    pq.write_table(with_columns(history()), path)
    return path


@cache
def declared_folder() -> Path:
    """Train on `declared_history_file`."""
    folder = declaration_file().parent / "model"
    train(declared_history_file(), folder, TrainingSettings(declaration=declaration()), learner=SMALL)
    return folder


def declared_artifact() -> Artifact:
    """Load what `declared_folder` holds."""
    return load_artifact(declared_folder())
