from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.replay import replay_features
from models.training.history import History, Progress


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


def cold_start(past: History, period: NDArray[np.bool_], *, with_labels: bool, tell: Progress) -> ColdStart:
    """Replay a period from empty state.

    Every new deployment starts cold, and so does every new customer; without the labels topic no label is ever
    known. A model taught only on a history that was replayed as a whole knows none of that: its "new merchant" is
    rare and a bad sign, while to an empty engine every merchant is new. So training teaches the same transactions
    more than once: with what was known of them, and as an empty engine would have seen them, with labels and without.

    Parameters
    ----------
    past : History
        n rows.
    period : ndarray of bool, (n,)
        Rows that follow one another.
    with_labels : bool
        Whether the labels of the period's own transactions become known in it.
    tell : callable of (str, int, int)
    """
    places = np.flatnonzero(period)
    first = int(places[0]) if places.size else 0
    replayed = replay_features(
        past.table.slice(first, len(places)),
        category_risk=past.category_risk,
        type_risk=past.type_risk,
        with_labels=with_labels,
        progress=lambda done, total: tell("replay from empty", done, total),
    )
    return ColdStart(places[~replayed.duplicate], replayed.x[~replayed.duplicate])
