"""Input that `fraudstream explore` rejects before it installs anything."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.archive.archive_folder import ARCHIVE_ARROW, ArchiveFolder
from fraudstream.archive.exploration import explore_archive
from fraudstream.system.failures import NotReady
from schemas.errors import UserError


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Make an archive with only its state and an empty file."""
    with ArchiveFolder(tmp_path / "archive", "inference"):
        (tmp_path / "archive" / "date=2026-01-05").mkdir()
        pq.write_table(ARCHIVE_ARROW.empty_table(), tmp_path / "archive" / "date=2026-01-05" / "0-0.parquet")
    return tmp_path / "archive"


def test_folder_that_is_no_archive_is_refused(tmp_path):
    with pytest.raises(NotReady, match="expected an archive with transactions"):
        explore_archive(tmp_path, tmp_path / "page.html")


def test_archive_without_a_file_is_refused(tmp_path):
    with ArchiveFolder(tmp_path / "archive", "inference"), pytest.raises(NotReady, match="feature_log_share"):
        explore_archive(tmp_path / "archive", tmp_path / "page.html")


def test_labels_without_their_columns_are_refused(archive, tmp_path):
    pq.write_table(
        pa.table({"customer_id": ["c"], "transaction_id": ["t"], "is_fraud": [True]}), tmp_path / "labels.parquet"
    )
    with pytest.raises(UserError, match="expected the column 'label_time'"):
        explore_archive(archive, tmp_path / "page.html", labels=tmp_path / "labels.parquet")
    with pytest.raises(UserError, match="expected a Parquet file at"):
        explore_archive(archive, tmp_path / "page.html", labels=tmp_path / "none")


def test_labels_in_codes_are_refused(archive, tmp_path):
    file = tmp_path / "labels.parquet"
    times = pa.array([datetime(2026, 1, 5, tzinfo=UTC)] * 2)
    pq.write_table(
        pa.table({"customer_id": ["c"] * 2, "transaction_id": ["t", "u"], "is_fraud": [1, 2], "label_time": times}),
        file,
    )
    with pytest.raises(UserError, match=r"is_fraud: expected true/false or 0/1, got 1 \(1 rows\) and 2 \(1 rows\)"):
        explore_archive(archive, tmp_path / "page.html", labels=file)


def test_labels_that_an_earlier_version_kept_without_customers_are_refused(archive, tmp_path):
    file = tmp_path / "page.labels.parquet"
    times = pa.array([datetime(2026, 1, 5, tzinfo=UTC)])
    pq.write_table(pa.table({"transaction_id": ["t"], "is_fraud": [True], "label_time": times}), file)
    with pytest.raises(UserError, match="expected the column 'customer_id'"):
        explore_archive(archive, tmp_path / "page.html", labels=file)


def test_missing_file_of_sql_is_refused(archive, tmp_path):
    with pytest.raises(UserError, match="expected a file of SQL"):
        explore_archive(archive, tmp_path / "page.html", queries=[tmp_path / "none.sql"])
