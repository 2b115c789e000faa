from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.batch import DUPLICATE
from models.features.engine import FeatureEngine
from models.features.risk import RiskTable
from models.features.table import FEATURES
from schemas.columns import TRANSACTION_ARROW

BATCH_ROWS = 4_096


def replay_features(
    table: pa.Table,
    *,
    category_risk: RiskTable,
    type_risk: RiskTable,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Send a history through the job's own feature engine, from empty.

    Each row's features come from what was before it in event time, so they are what the job would have seen.

    Parameters
    ----------
    table : pyarrow.Table, n rows
        In the order of event time, with the columns of `TRANSACTION_ARROW`.
    category_risk, type_risk : RiskTable
    progress : callable of (int, int), optional
        Told rows done and rows in all.

    Returns
    -------
    x : ndarray of float32, (n, F)
    duplicate : ndarray of bool, (n,)
        Whether the row repeats a kept transaction: such a row teaches nothing new.
    """
    engine = FeatureEngine(load=None, category_risk=category_risk, type_risk=type_risk)
    x = np.empty((len(table), len(FEATURES)), np.float32)
    duplicate = np.empty(len(table), np.bool_)
    done = 0
    for records in table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches(max_chunksize=BATCH_ROWS):
        batch = engine.advance(records)
        # There is no score yet, but the engine waits for one before the next batch.
        engine.remember(batch, np.zeros(len(batch), np.float32))
        here = slice(done, done + len(batch))
        x[here], duplicate[here] = batch.x, batch.fate == DUPLICATE
        done += len(batch)
        if progress:
            progress(done, len(table))
    return x, duplicate
