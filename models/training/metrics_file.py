"""Files of metrics and curves, for tools that track experiments."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.training.evaluation import FoldResult
from models.training.metrics import operating_points
from models.whole_file import replace_file

MAX_POINTS = 300
"""Maximum number of points of a fold's curve."""


def write_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """Write metrics by name as a JSON object."""
    replace_file(path, json.dumps(dict(metrics), indent=2).encode() + b"\n")


def write_curve(path: Path, results: Sequence[FoldResult]) -> None:
    """Write the operating points of each fold as CSV: the strictest threshold first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["fold", "threshold", "recall", "precision", "false_positive_rate"])
    for result in results:
        for point in _points(result):
            writer.writerow([result.fold.test_start.isoformat(), *(f"{value:.6g}" for value in point)])
    replace_file(path, text.getvalue().encode())


def _points(result: FoldResult) -> list[tuple[float, float, float, float]]:
    thresholds, caught, flagged = operating_points(result.is_fraud, result.scores)
    recall, precision = caught / max(int(caught[-1]), 1), caught / flagged
    false_positive_rate = (flagged - caught) / max(int(flagged[-1] - caught[-1]), 1)
    chosen = np.unique(np.searchsorted(recall, np.linspace(0, 1, MAX_POINTS)).clip(max=len(recall) - 1))
    columns = (thresholds, recall, precision, false_positive_rate)
    return list(zip(*(column[chosen].tolist() for column in columns), strict=True))
