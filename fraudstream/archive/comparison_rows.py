"""Archived rows on which two models are compared."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fraudstream.archive.archived_rows import archived_features, is_archive, read_archived_rows, require_past
from models.promotion.comparison import Answers, Comparison
from models.promotion.risk_columns import with_risks_of
from models.scoring.artifact import Artifact
from models.scoring.backfill import backfill
from models.training.fingerprint import fingerprint
from models.training.history import NO_COLUMNS, Progress, read_labelled
from models.training.protocol import Transactions
from models.training.time_outlier import require_no_outlier
from schemas.errors import UserError
from schemas.file_limits import USUAL_LIMITS, FileLimits
from schemas.transaction_key import transaction_keys

DUPLICATE = "repeated transaction_ids"
NO_CATEGORY = "category of another rate, of several that had the same"
NOT_LOGGED = "logged by an earlier version, without some of the challenger's features"

ReadLabels = Callable[[], pa.Table]
"""Gives labels in the columns of LABEL_ARROW."""


def compare_on(
    path: Path,
    champion: Artifact,
    challenger: Artifact,
    read_labels: ReadLabels,
    progress: Progress,
    *,
    timezone: str | None = None,
    limits: FileLimits = USUAL_LIMITS,
) -> Comparison:
    """Score the same transactions with two models.

    Parameters
    ----------
    path
        A labelled history in Parquet, which is replayed through each model's own engine; or a folder that
        `fraudstream archive` wrote, whose logged features are scored by both.
    read_labels
        Asked where the rows have no labels of their own.
    progress
        Called with stage, done and total.
    timezone
        IANA time zone of times in a history that have none.
    limits
        On years and amounts in a history.

    Raises
    ------
    UserError
        There is nothing of the kind at the path, or no row of the champion in the archive.
    """
    require_past(path)
    if is_archive(path):
        return _of_archive(path, champion, challenger, read_labels, progress)
    declared = [artifact.row_columns.arrow for artifact in (champion, challenger) if artifact.row_columns is not None]
    table = read_labelled(
        path, progress, timezone=timezone, limits=limits, further=pa.unify_schemas([NO_COLUMNS, *declared])
    )
    return _of_history(table, path, champion, challenger, progress)


def _of_history(
    table: pa.Table, path: Path, champion: Artifact, challenger: Artifact, progress: Progress
) -> Comparison:
    duplicate = np.zeros(len(table), np.bool_)
    answers = []
    for stage, artifact in (("champion scores", champion), ("challenger scores", challenger)):
        scores, duplicate = _replayed(table, artifact, partial(progress, stage))
        answers.append(Answers.of(artifact.manifest, scores))
    require_no_outlier(str(path), table)
    transactions = Transactions.of(table)
    rows = Comparison(
        event_time_ms=transactions.event_time_ms,
        customers=_numbers(table["customer_id"]),
        labelled=transactions.measurable,
        is_fraud=transactions.is_fraud,
        champion=answers[0],
        challenger=answers[1],
        data={"file": str(path), **fingerprint(path, transactions.event_time_ms).model_dump()},
        left_out={DUPLICATE: int(np.count_nonzero(duplicate))},
    )
    return rows.select(~duplicate)


def _replayed(
    table: pa.Table, artifact: Artifact, progress: Callable[[int, int], None]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    scores, duplicate, done = [], [], 0
    for batch in backfill(table, artifact, with_labels=True):
        scores.append(batch.column("score").to_numpy())
        duplicate.append(batch.column("duplicate").to_numpy(zero_copy_only=False))
        done += len(batch)
        progress(done, len(table))
    return np.concatenate(scores), np.concatenate(duplicate)


def _of_archive(
    path: Path, champion: Artifact, challenger: Artifact, read_labels: ReadLabels, progress: Progress
) -> Comparison:
    progress("reading the archive", 0, 1)
    if challenger.row_columns is not None:
        raise UserError(
            f"expected a labelled Parquet file for the model {challenger.manifest.model_id}, which reads declared "
            f"columns, got the archive {path}. Set models.compare_on to a file"
        )
    rows, repeated = read_archived_rows(path, champion.manifest)
    x = archived_features(rows)
    theirs, known = with_risks_of(x, champion, challenger)
    # An earlier version logged fewer columns, never other ones.
    logged = ~np.isnan(x[:, challenger.manifest.width - 1])
    progress("reading labels", 0, 1)
    labelled, is_fraud = labels_of(rows, read_labels())
    progress("scoring", 0, 1)
    event_time_ms = rows["event_time"].cast(pa.int64()).to_numpy()
    found = Comparison(
        event_time_ms=event_time_ms,
        customers=_numbers(rows["customer_id"]),
        labelled=labelled,
        is_fraud=is_fraud,
        champion=Answers.to(x, champion),
        challenger=Answers.to(theirs, challenger),
        data={
            "archive": str(path),
            "rows": len(rows),
            "first_event_time_ms": int(event_time_ms.min()),
            "last_event_time_ms": int(event_time_ms.max()),
        },
        left_out={
            DUPLICATE: repeated,
            NO_CATEGORY: int(np.count_nonzero(~known)),
            NOT_LOGGED: int(np.count_nonzero(known & ~logged)),
        },
    )
    return found.select(known & logged)


def labels_of(transactions: pa.Table, labels: pa.Table) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows have a label, and which are frauds by the newest they have; joined by customer and id."""
    newest = (
        labels.sort_by("label_time")
        .group_by(["customer_id", "transaction_id"], use_threads=False)
        .aggregate([("is_fraud", "last")])
    )
    index = pc.index_in(transaction_keys(transactions), transaction_keys(newest).combine_chunks())
    is_fraud = newest["is_fraud_last"].take(index).fill_null(False)
    return index.is_valid().to_numpy(), is_fraud.to_numpy()


def _numbers(names: pa.ChunkedArray) -> NDArray[np.int64]:
    encoded = names.combine_chunks().dictionary_encode()
    numbers: NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64)
    return numbers
