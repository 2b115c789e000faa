"""Input that `fraudstream drift report` rejects and, among the long tests, Evidently's page."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.lifecycle.drift_report import write_drift_report
from models.features.table import FEATURE_NAMES
from schemas.errors import UserError


def sample(path: Path, rows: int = 500, *, names=("score", *FEATURE_NAMES), shift: float = 0.0) -> Path:
    rng = np.random.default_rng(rows)
    pq.write_table(pa.table({name: rng.normal(shift, 1, rows) for name in names}), path)
    return path


def test_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected a Parquet file"):
        write_drift_report(tmp_path / "none", sample(tmp_path / "b"), tmp_path / "page.html")


def test_few_rows_are_refused(tmp_path):
    with pytest.raises(UserError, match="at least 100 rows"):
        write_drift_report(sample(tmp_path / "a"), sample(tmp_path / "b", 99), tmp_path / "page.html")


def test_files_without_a_column_in_common_are_refused(tmp_path):
    other = sample(tmp_path / "b", names=("score",))
    with pytest.raises(UserError, match="score or features"):
        write_drift_report(sample(tmp_path / "a", names=("amount",)), other, tmp_path / "page.html")


@pytest.mark.long
def test_page_names_the_columns_and_the_drifted_ones(tmp_path):
    names, page = ("score", "amount", "hour", "amount_mean_7d"), tmp_path / "new" / "page.html"
    then = sample(tmp_path / "a", names=(*names[:3], "mean_7d"))  # as an earlier version called it
    now = sample(tmp_path / "b", 600, names=names, shift=3.0)
    assert write_drift_report(then, now, page) == 4
    text = page.read_text()
    assert all(name in text for name in names)
    assert "drift" in text.lower()
