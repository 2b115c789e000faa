"""Comparisons of synthetic scores, with the manifest of a real artifact."""

from typing import Any

import numpy as np

from models.promotion.comparison import Answers, Comparison
from models.scoring.artifact import DataFingerprint, Manifest
from schemas.durations import DAY_MS
from tests.unit.training.histories import artifact


def manifest(**changes: Any) -> Manifest:
    """Return the manifest of `histories.artifact`, trained on the first four days of 1970, with changes."""
    data = DataFingerprint(sha256="0", rows=9, first_event_time_ms=0, last_event_time_ms=4 * DAY_MS)
    return artifact().manifest.model_copy(update={"data": data, **changes})


def comparison(rows: int = 4_000, *, noise: float = 0.0, frauds: float = 0.02, seed: int = 3) -> Comparison:
    """Compare an accurate model with a noisy one, on days 10 to 20."""
    generator = np.random.default_rng(seed)
    is_fraud = generator.random(rows) < frauds
    good = np.clip(generator.normal(0.02, 0.02, rows) + is_fraud * generator.uniform(0, 0.6, rows), 0, 1)
    other = np.clip(good + generator.normal(0, noise, rows), 0, 1) if noise else good
    return Comparison(
        event_time_ms=np.linspace(10 * DAY_MS, 20 * DAY_MS, rows).astype(np.int64),
        customers=generator.integers(0, rows // 20, rows),
        labelled=np.ones(rows, np.bool_),
        is_fraud=is_fraud,
        champion=Answers.of(manifest(), good.astype(np.float32)),
        challenger=Answers.of(manifest(model_id="other"), other.astype(np.float32)),
        data={"file": "labelled.parquet"},
    )
