from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.risk import RiskTable
from models.training.replay import replay_features


class ColdStart(NamedTuple):
    """A period of a history as an engine sees it that was empty when the period began.

    Parameters
    ----------
    rows : ndarray of int64, (m,)
        Places in the history; duplicates are left out.
    x : ndarray of float32, (m, F)
    """

    rows: NDArray[np.int64]
    x: NDArray[np.float32]


def cold_start(
    table: pa.Table,
    period: NDArray[np.bool_],
    *,
    category_risk: RiskTable,
    type_risk: RiskTable,
    with_labels: bool,
    progress: Callable[[int, int], None] | None = None,
) -> ColdStart:
    """Replay a period from empty state.

    Every new deployment starts cold, and so does every new customer; without the labels topic no label is ever
    known. A model taught only on a history that was replayed as a whole knows none of that: its "new merchant" is
    rare and a bad sign, while to an empty engine every merchant is new. So training teaches the same transactions
    more than once: with what was known of them, and as an empty engine would have seen them, with labels and without.

    Parameters
    ----------
    table : pyarrow.Table, n rows
        In the order of event time, with the columns of `LABELLED_ARROW`.
    period : ndarray of bool, (n,)
        Rows that follow one another.
    category_risk, type_risk : RiskTable
    with_labels : bool
        Whether the labels of the period's own transactions become known in it.
    progress : callable of (int, int), optional
        Told rows done and rows in all.
    """
    places = np.flatnonzero(period)
    first = int(places[0]) if places.size else 0
    replayed = replay_features(
        table.slice(first, len(places)),
        category_risk=category_risk,
        type_risk=type_risk,
        with_labels=with_labels,
        progress=progress,
    )
    return ColdStart(places[~replayed.duplicate], replayed.x[~replayed.duplicate])
