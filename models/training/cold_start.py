"""Cold start: a period replayed from empty state."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.declared.declared_engine import tracker_of
from models.features.replay import replay_features
from models.training.history import History, Progress


class ColdStart(NamedTuple):
    """Features of a period computed by an engine that is empty when the period begins.

    Parameters
    ----------
    rows : ndarray of int64, (m,)
        Indices in the history, without duplicates.
    x : ndarray of float32, (m, F)
    """

    rows: NDArray[np.int64]
    x: NDArray[np.float32]


def cold_start(past: History, period: NDArray[np.bool_], *, with_labels: bool, progress: Progress) -> ColdStart:
    """Replay a period from empty state.

    Every new deployment starts cold, and so does every new customer; without the labels topic no label is ever
    known. A model trained only on a history that was replayed as a whole has never met that: its "new merchant" is
    rare and suspicious, while to an empty engine every merchant is new. A deployment's merchants and devices start
    cold as well: to each of them every customer is new. So the training set has each transaction three times: with its
    full history, and from a cold start, with labels and without.

    Parameters
    ----------
    past : History
        n rows.
    period : ndarray of bool, (n,)
        Consecutive rows.
    with_labels : bool
        Whether the labels of the period's own transactions become known in it.
    progress : callable of (str, int, int)
    """
    rows = np.flatnonzero(period)
    first = int(rows[0]) if rows.size else 0
    replayed = replay_features(
        past.table.slice(first, len(rows)),
        category_risk=past.category_risk,
        type_risk=past.type_risk,
        with_labels=with_labels,
        width=past.x.shape[1],
        row_columns=past.row_columns,
        declared=tracker_of(past.row_columns),
        progress=lambda done, total: progress("replay from empty", done, total),
    )
    return ColdStart(rows[~replayed.duplicate], replayed.x[~replayed.duplicate])
