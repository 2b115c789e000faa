"""Scores of a history, computed offline by the scorer itself."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.scoring.artifact import Artifact
from models.scoring.history_scorer import HistoryScorer
from schemas.columns import TRANSACTION_ARROW


def replay_scores(
    table: pa.Table,
    artifact: Artifact,
    *,
    batch_rows: int = 4_096,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Score a history offline from an empty state, as the job must score it in event-time sequence.

    Parameters
    ----------
    table : pyarrow.Table, n rows
    Transactions with the columns of `TRANSACTION_ARROW`, in any sequence; equal times keep that of the
        table's.
    artifact : Artifact
    batch_rows : int
        Batch size, which no score depends on.
    progress : callable of (int, int), optional
        Called with the rows done and the total.

    Returns
    -------
    ndarray of float32, (n,)
        Probabilities of fraud by row of the table; a duplicate has its first score.
    """
    event_time_ms = table["event_time"].cast(pa.int64()).to_numpy()
    by_time = np.argsort(event_time_ms, kind="stable")
    sorted_table = table.select(TRANSACTION_ARROW.names).take(pa.array(by_time)).combine_chunks()
    scorer = HistoryScorer(artifact)
    scores = np.empty(len(table), np.float32)
    done = 0
    for records in sorted_table.to_batches(max_chunksize=batch_rows):
        scores[by_time[done : done + len(records)]] = scorer.score(records).scores
        done += len(records)
        if progress:
            progress(done, len(table))
    return scores
