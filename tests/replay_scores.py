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
    """Score a history offline, from empty: what the job must give for the same transactions in event order.

    Parameters
    ----------
    table : pyarrow.Table, n rows
        With the columns of `TRANSACTION_ARROW`, in any order; those of the same millisecond count in the
        table's.
    artifact : Artifact
    batch_rows : int
        Transactions at a time. No score depends on it.
    progress : callable of (int, int), optional
        Told rows done and rows in all.

    Returns
    -------
    ndarray of float32, (n,)
        Probabilities of fraud in the table's order; a duplicate has its first score.
    """
    event_time_ms = table["event_time"].cast(pa.int64()).to_numpy()
    order = np.argsort(event_time_ms, kind="stable")
    ordered = table.select(TRANSACTION_ARROW.names).take(pa.array(order)).combine_chunks()
    scorer = HistoryScorer(artifact)
    scores = np.empty(len(table), np.float32)
    done = 0
    for records in ordered.to_batches(max_chunksize=batch_rows):
        scores[order[done : done + len(records)]] = scorer.score(records).scores
        done += len(records)
        if progress:
            progress(done, len(table))
    return scores
