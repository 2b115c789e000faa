"""Rows of the archive by time."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fraudstream.archive.archive_folder import LOG_OFFSET, LOG_PARTITION, STATE_FILE, read_archived_files
from fraudstream.system.failures import NotReady
from models.features.table import FEATURE_NAMES
from models.scoring.artifact import Manifest
from schemas.errors import UserError

_COLUMNS = ("transaction_id", "customer_id", "merchant_id", "event_time", "partition", "offset", "score")


def is_archive(path: Path) -> bool:
    """Return whether `fraudstream archive` wrote a folder."""
    return (path / STATE_FILE).is_file()


def require_past(path: Path) -> None:
    """Raise UserError unless there is an archive, or a file that may be a labelled history."""
    if not (is_archive(path) or path.is_file()):
        raise UserError(
            f"expected a labelled Parquet file or an archive of the inference topic at {path}, got neither: give "
            "one with --on, or make an archive: `fraudstream archive --out FOLDER`"
        )


def read_archived_rows(folder: Path, manifest: Manifest) -> tuple[pa.Table, int]:
    """Read what an archive holds of a model's transactions, each once.

    Returns
    -------
    rows : pyarrow.Table
        transaction_id, customer_id, merchant_id, event_time, score, and a column for each feature: null where the
        version that logged the row did not compute it.
    repeated : int
        Rows left out: logged again after a restart, of which the last counts, and duplicates of a transaction,
        which were not scored on their own features.

    Raises
    ------
    NotReady
        It has none.
    UserError
        The model reads declared columns, which are not among the archive's.
    """
    if manifest.declared is not None:
        raise UserError(
            f"expected a labelled Parquet file for the model {manifest.model_id}, which reads declared columns, got "
            f"the archive {folder}. Name a file"
        )
    own = (pc.field("model_id") == manifest.model_id) & (pc.field("feature_spec_hash") == manifest.feature_spec_hash)
    own &= pc.field(FEATURE_NAMES[0]).is_valid()  # a record that only names our table has other features
    columns = [*_COLUMNS, LOG_PARTITION, LOG_OFFSET, *FEATURE_NAMES]
    found = read_archived_files(folder, columns, own)
    if found is None or not len(found):
        raise NotReady(
            f"expected transactions of the model {manifest.model_id} in the archive {folder}, got none: let the job "
            "run with job.feature_log_share over 0, then `fraudstream archive --out` that folder"
        )
    found = found.sort_by([(LOG_PARTITION, "ascending"), (LOG_OFFSET, "ascending")])
    last = np.sort(_first(found["partition"], found["offset"], backwards=True))
    newest = found.take(last)
    first = np.sort(_first(newest["customer_id"], newest["transaction_id"]))
    return newest.take(first), len(found) - len(first)


def archived_features(rows: pa.Table) -> NDArray[np.float32]:
    """Return the features (n, F) of n archived rows; NaN for those that were not logged."""
    x = np.empty((len(rows), len(FEATURE_NAMES)), np.float32)
    for index, name in enumerate(FEATURE_NAMES):
        x[:, index] = rows[name].to_numpy()
    return x


def _first(*columns: pa.ChunkedArray, backwards: bool = False) -> NDArray[np.int64]:
    """Return the first row of each value, or the last of each."""
    codes = np.column_stack([column.combine_chunks().dictionary_encode().indices.to_numpy() for column in columns])
    rows: NDArray[np.int64] = np.unique(codes[::-1] if backwards else codes, axis=0, return_index=True)[1]
    return len(codes) - 1 - rows if backwards else rows
