"""Cost of an alert's reasons.

Microseconds per alert for its three reasons as the job computes them, compared with the same model's ONNX call per
transaction in a batch of 2,000 and with LightGBM's own `pred_contrib` per row, measured in turns in one process on one
core. The fastest and the median of the rounds: other work on the machine only adds to them. The share is of the
operator's time at 1 % alerts, if everything but the ONNX call takes `OTHER_US` per transaction.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report
from models.features.table import FEATURES
from models.scoring.contributions import read_contributions
from models.scoring.model import OnnxModel
from models.scoring.reason_finder import MAX_REASONS, contributing_codes
from models.training.export import export_onnx
from models.training.fit import LearnerSettings, fit

SIZES = ((100, 32), (300, 32), (100, 63), (300, 63))
ROWS, BATCH, ALERTS, ROUNDS = 30_000, 2_000, 200, 15
ALERT_RATE, OTHER_US = 0.01, 4.5


def training_rows(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return amounts and small counts, and frauds that depend on twenty of them."""
    x = rng.gamma(2, 50, (ROWS, len(FEATURES))).astype(np.float32)
    x[:, 3:20] = np.round(x[:, 3:20] / 40)
    margin = x[:, :12].sum(axis=1) / 100 + x[:, 4] + (x[:, 30] > 100) * x[:, 31] / 50 + rng.normal(0, 1, ROWS)
    return x, margin > np.quantile(margin, 0.93)


def measure(
    trees: int, leaves: int, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], rounds: int
) -> dict[str, float]:
    booster = fit(x, is_fraud, LearnerSettings(trees=trees, leaves=leaves), seed=1, threads=1)
    onnx = export_onnx(booster).SerializeToString()
    model, explained = OnnxModel(onnx), read_contributions(onnx)
    if explained is None:
        raise RuntimeError("expected covers in the exported graph, found none")
    alerts = x[:ALERTS]

    def explain() -> None:
        for row in alerts:
            contributing_codes(row, explained.contributions(row), MAX_REASONS)

    def kernel() -> None:
        for row in alerts:
            explained.contributions(row)

    steps: dict[str, tuple[int, Callable[[], object]]] = {
        "onnx_us": (BATCH, lambda: model.score(x[:BATCH])),
        "contributions_us": (ALERTS, kernel),
        "reasons_us": (ALERTS, explain),
        "lightgbm_us": (ALERTS, lambda: booster.predict(alerts, pred_contrib=True, num_threads=1)),
    }
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, (count, step) in steps.items():
            begun = time.perf_counter()
            step()
            spent[name].append((time.perf_counter() - begun) / count * 1e6)
    fastest = {name: min(times) for name, times in spent.items()}
    return {
        **{name: round(us, 2) for name, us in fastest.items()},
        **{f"{name}_median": round(statistics.median(times), 2) for name, times in spent.items()},
        "share_at_1pct_alerts": round(ALERT_RATE * fastest["reasons_us"] / (OTHER_US + fastest["onnx_us"]), 3),
    }


def run(brief: bool = False) -> Report:
    """Measure models of several sizes."""
    x, is_fraud = training_rows(np.random.default_rng(0))
    sizes, rounds = (SIZES[:1], 2) if brief else (SIZES, ROUNDS)
    figures = {f"{trees}x{leaves}": measure(trees, leaves, x, is_fraud, rounds) for trees, leaves in sizes}
    return Report.of_figures("reasons", __doc__, figures)
