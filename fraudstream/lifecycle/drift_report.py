"""Drift report by Evidently."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.system.folders import package_file
from fraudstream.system.isolated_venv import isolated_venv, run_isolated, tool_lock
from models.features.former_names import by_present_name
from models.features.table import FEATURE_NAMES
from schemas.errors import UserError

PAGE = package_file("fraudstream.lifecycle", "evidently_page.py")
MIN_ROWS = 100
"""Minimum rows per sample for Evidently's tests to be meaningful."""


def write_drift_report(reference: Path, current: Path, page: Path) -> int:
    """Compare two archived inference samples with Evidently, and return the number of compared columns.

    Evidently has 35 dependencies, among them web servers and telemetry, so it runs in an isolated environment that is
    created on first use.

    Parameters
    ----------
    reference, current : Path
        Parquet files of `fraudstream archive`, or others with features and score as columns.
    page : Path
        HTML file to write.

    Raises
    ------
    UserError
        A file is missing or has too few rows, or the files have no common column.
    RuntimeFailure
        Evidently can't be installed, or failed.
    """
    then, now = by_present_name(_columns(reference)), by_present_name(_columns(current))
    columns = [f"{then[name]}:{now[name]}:{name}" for name in ("score", *FEATURE_NAMES) if name in then and name in now]
    if not columns:
        raise UserError(
            f"expected score or features as columns of {reference} and {current}, found no common one. "
            "Use files from `fraudstream archive`"
        )
    python = isolated_venv(tool_lock("evidently"), "tools")
    page.parent.mkdir(parents=True, exist_ok=True)
    # Turns off Evidently's telemetry.
    environment = os.environ | {"DO_NOT_TRACK": "1"}
    run_isolated([python, "-I", PAGE, reference, current, page, *columns], environment, "a page by Evidently, but it")
    return len(columns)


def _columns(file: Path) -> dict[str, str]:
    try:
        found = pq.ParquetFile(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"expected a Parquet file at {file}, got: {error}. See `fraudstream archive --help`") from None
    with found:
        if found.metadata.num_rows < MIN_ROWS:
            raise UserError(
                f"expected at least {MIN_ROWS} rows in {file}, got {found.metadata.num_rows}. Archive for longer, "
                "or raise job.feature_log_share"
            )
        return {name: name for name in found.schema_arrow.names}
