"""Drift report by Evidently."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.system.folders import package_file
from fraudstream.system.isolated_venv import isolated_venv, run_isolated, tool_lock
from models.features.table import FEATURE_NAMES
from schemas.errors import UserError

PAGE = package_file("fraudstream.lifecycle", "evidently_page.py")
MIN_ROWS = 100
"""With fewer rows of either sample Evidently's tests say nothing."""


def write_drift_report(reference: Path, current: Path, page: Path) -> int:
    """Compare two archived inference samples by Evidently; return how many columns were compared.

    Evidently could be locked with our packages, but brings 35 of its own, web servers and telemetry among them, for
    one page now and then: so it has an environment of its own, made when it is first needed.

    Parameters
    ----------
    reference, current : Path
        Parquet files of `fraudstream archive`, or others with features and score as columns.
    page : Path
        The HTML to write.

    Raises
    ------
    UserError
        A file is missing, has too few rows, or the two have no column in common.
    RuntimeFailure
        Evidently can't be installed, or failed.
    """
    columns = [name for name in ("score", *FEATURE_NAMES) if name in _columns(reference) & _columns(current)]
    if not columns:
        raise UserError(
            f"expected score or features as columns of {reference} and {current}, was none in both: "
            "give files that `fraudstream archive` wrote"
        )
    python = isolated_venv(tool_lock("evidently"), "tools")
    page.parent.mkdir(parents=True, exist_ok=True)
    # Evidently would report its use.
    environment = os.environ | {"DO_NOT_TRACK": "1"}
    run_isolated([python, "-I", PAGE, reference, current, page, *columns], environment, "a page by Evidently, but it")
    return len(columns)


def _columns(file: Path) -> set[str]:
    try:
        found = pq.ParquetFile(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"expected a Parquet file at {file}, was: {error}: see `fraudstream archive --help`") from None
    with found:
        if found.metadata.num_rows < MIN_ROWS:
            raise UserError(
                f"expected at least {MIN_ROWS} rows in {file}, was {found.metadata.num_rows}: archive for longer, "
                "or raise job.feature_log_share"
            )
        return set(found.schema_arrow.names)
