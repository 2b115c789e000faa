"""Files of metrics and curves."""

import csv
import json
from datetime import date

import numpy as np

from models.training.evaluation import FoldResult
from models.training.metrics_file import write_curve, write_metrics
from models.training.protocol import Fold


def test_metrics_are_a_json_object(tmp_path):
    write_metrics(tmp_path / "made" / "metrics.json", {"pr_auc": 0.5})
    assert json.loads((tmp_path / "made" / "metrics.json").read_text()) == {"pr_auc": 0.5}


def test_curve_has_the_operating_points_of_each_fold(tmp_path):
    result = FoldResult(
        period="test",
        fold=Fold(train_end=date(2026, 1, 19), train_days=14, delay_days=7, test_days=7),
        train_rows=1,
        train_frauds=1,
        rows=np.arange(4),
        is_fraud=np.array([True, False, True, False]),
        scores=np.array([0.9, 0.5, 0.4, 0.1], np.float32),
        importance=np.zeros(1),
        metrics={},
        parity=0.0,
    )
    write_curve(tmp_path / "curve.csv", [result])
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    assert [(row["threshold"], row["recall"], row["false_positive_rate"]) for row in rows] == [
        ("0.9", "0.5", "0"),
        ("0.4", "1", "0.5"),
    ]
    assert {row["fold"] for row in rows} == {"2026-01-26"}
