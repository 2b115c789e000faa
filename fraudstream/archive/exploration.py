"""Exploration page over an archive, in SQL."""

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.archive.archive_folder import archived_files
from fraudstream.archive.archived_rows import is_archive
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import require_topics
from fraudstream.readers.positioned_records import read_labels
from fraudstream.system.failures import NotReady
from fraudstream.system.folders import package_file
from fraudstream.system.isolated_venv import isolated_venv, run_isolated, tool_lock
from models.whole_file import whole_file
from schemas.columns import LABEL_FILE_ARROW, read_label_file
from schemas.errors import UserError
from schemas.file_limits import USUAL_LIMITS, FileLimits

SCRIPT = package_file("fraudstream", "exploration") / "explore.py"


def explore_archive(
    archive: Path,
    page: Path,
    *,
    labels: Path | None = None,
    queries: Sequence[Path] = (),
    timezone: str | None = None,
    limits: FileLimits = USUAL_LIMITS,
) -> Path:
    """Write a page of charts on what the job logged; return the Python that can do it again.

    DuckDB and Altair are for exploration, not for the job, so they have an environment of their own, made when it
    is first needed.

    Parameters
    ----------
    archive : Path
        Folder that `fraudstream archive` wrote.
    page : Path
        The HTML to write.
    labels : Path, optional
        Parquet file with the columns of LABEL_FILE_ARROW; what is read of it is kept next to the page.
    queries : sequence of Path
        SQL whose answers are put on the page too.
    timezone : str, optional
        IANA time zone of times in the labels that have none.
    limits : FileLimits
        On years in the labels.

    Raises
    ------
    NotReady
        There is no archive, or nothing in it.
    UserError
        The labels are none, or a file of SQL is missing.
    RuntimeFailure
        The packages can't be installed, or a query failed.
    """
    if not is_archive(archive) or not archived_files(archive):
        raise NotReady(
            f"expected an archive with transactions at {archive}, got none: let the job run with "
            f"job.feature_log_share over 0, then `fraudstream archive --out {archive}`"
        )
    if labels is not None:
        labels = _canonical_labels(labels, page, timezone, limits)
    for file in queries:
        if not file.is_file():
            raise UserError(f"expected a file of SQL at {file}, got none: see {SCRIPT.parent / 'queries'} for examples")
    python = isolated_venv(tool_lock("explore"), "tools")
    page.parent.mkdir(parents=True, exist_ok=True)
    _run(python, archive, page, labels, queries)
    return python


def write_labels(broker: Broker, file: Path) -> None:
    """Write all that the labels topic holds now as a Parquet file."""
    require_topics(broker, broker.topics.labels)
    found = pa.Table.from_batches([read_labels(broker).records])
    with whole_file(file) as partial:
        pq.write_table(found, partial)


def _canonical_labels(file: Path, page: Path, timezone: str | None, limits: FileLimits) -> Path:
    """Return a file of the same labels in the canonical types, which the SQL of the page can rely on."""
    target = page.with_suffix(".labels.parquet")
    if target.resolve() != file.resolve() or not _is_canonical(file):
        labels = read_label_file(file, timezone=timezone, limits=limits)
        with whole_file(target) as partial:
            pq.write_table(labels, partial)
    return target


def _is_canonical(file: Path) -> bool:
    """Return whether `write_labels` or an earlier run of this version wrote a file."""
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError):
        return False
    return all(name in schema.names for name in LABEL_FILE_ARROW.names)


def _run(python: Path, archive: Path, page: Path, labels: Path | None, queries: Sequence[Path]) -> None:
    own = {"EXPLORE_ARCHIVE": str(archive), "EXPLORE_PAGE": str(page)}
    own |= {"EXPLORE_LABELS": str(labels)} if labels else {}
    own |= {"EXPLORE_QUERIES": os.pathsep.join(map(str, queries))} if queries else {}
    others = {name: value for name, value in os.environ.items() if not name.startswith(("EXPLORE_", "PYTHON"))}
    run_isolated([python, SCRIPT], others | own, f"a page by {SCRIPT.name}, but it")
