"""Small classifiers on synthetic features: real LightGBM and ONNX, without a history."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.training.fit import LearnerSettings, fit

FEATURES = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A booster with its training rows."""

    booster: lgb.Booster
    x: NDArray[np.float32]
    is_fraud: NDArray[np.bool_]


def trained(*, trees: int = 40, rows: int = 6_000, nan_share: float = 0.0, seed: int = 0) -> Trained:
    """Train on amounts, small counts, values that are often 0, and neighbouring floats."""
    generator = np.random.default_rng(seed)
    x = generator.gamma(2, 50, (rows, FEATURES)).astype(np.float32)
    x[:, 3:6] = np.round(x[:, 3:6] / 40)
    x[:, 6] = np.where(generator.random(rows) < 0.7, 0, generator.normal(0, 1, rows))
    # Neighbouring floats: LightGBM sets its thresholds halfway, where rounding to nearest may go up.
    x[:, 7] = np.float32(1000) + generator.integers(0, 4, rows).astype(np.float32) * np.spacing(np.float32(1000))
    margin = x[:, 0] / 40 + x[:, 4] + 2 * (x[:, 6] < -0.5) + (x[:, 7] > 1000) + generator.normal(0, 1, rows)
    x[generator.random(x.shape) < nan_share] = np.nan
    is_fraud = margin > np.quantile(margin, 0.93)
    settings = LearnerSettings(trees=trees, min_child_samples=10, l2=1.0)
    return Trained(booster=fit(x, is_fraud, settings, seed=seed, threads=1), x=x, is_fraud=is_fraud)
