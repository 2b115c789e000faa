"""An archive of the inference topic for tests."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from fraudstream.archive.archive_folder import ArchiveFolder, archive_table
from models.features.table import FEATURE_NAMES
from models.scoring.artifact import Artifact
from models.scoring.backfill import backfill
from schemas.columns import INFERENCE_ARROW, LABEL_ARROW, read_history
from tests.unit.training.histories import artifact, history_file


def labels() -> pa.Table:
    """Return the labels of `history`."""
    return read_history(history_file()).select(LABEL_ARROW.names)


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Report no progress."""


def archive_history(
    folder: Path, table: pa.Table | None = None, champion: Artifact | None = None, width: int | None = None
) -> Path:
    """Archive a history, `history` if left out, as a job with the champion would have logged it; returns the folder.

    With ``width`` as a job of an earlier version, which had fewer features.
    """
    table, champion = read_history(history_file()) if table is None else table, champion or artifact()
    manifest = champion.manifest
    scored = pa.Table.from_batches(backfill(table, champion, with_labels=True))
    x = np.column_stack([scored[name].to_numpy() for name in FEATURE_NAMES[:width]])
    rows = len(scored)
    columns = {
        **{name: scored[name] for name in scored.column_names if name in INFERENCE_ARROW.names},
        "scored_at": scored["event_time"],
        "model_id": pa.repeat(manifest.model_id, rows),
        "feature_spec_hash": pa.repeat(manifest.feature_spec_hash, rows),
        "shard": pa.repeat(pa.scalar(4, pa.int32()), rows),
        "partition": pa.repeat(pa.scalar(0, pa.int32()), rows),
        "offset": pa.array(np.arange(rows)),
        "label_offsets": pa.array([[]] * rows, pa.list_(pa.int64())),
        "features": pa.array(list(x), pa.list_(pa.float32())),
        "entity_sequences": pa.array([[]] * rows, pa.list_(pa.int64())),
        "entity_label_offsets": pa.array([[]] * rows, pa.list_(pa.int64())),
    }
    records = pa.table([columns[name] for name in INFERENCE_ARROW.names], schema=INFERENCE_ARROW)
    with ArchiveFolder(folder, "inference") as archive:
        archive.write(archive_table(records.combine_chunks().to_batches()[0], [(0, n) for n in range(rows)]), {0: rows})
        # After a restart the last transaction is logged again.
        again = archive_table(records.slice(rows - 1).combine_chunks().to_batches()[0], [(0, rows)])
        archive.write(again, {0: rows + 1})
    return folder
