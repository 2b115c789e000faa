"""Undo of changes of customer histories that are not kept yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.history import ENTRY, TILE
from models.features.window import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.features.left_rows import LeftRows

CHANGE = np.dtype(
    [
        ("tiled_ms", "<i8"),  # event time of the transaction that went to the tiles
        ("slot", "<i4"),  # row of the customer, as it was before the transaction, like all below
        ("count", "<i4"),
        ("index", "<i4"),  # where the transaction was put, -1 for the tiles alone
        ("id_row", "<i4"),
        ("first_id", "<i4"),  # span of the ids
        ("ids", "<i4"),
        ("unscored", "<i4"),
        ("tiled", "u1"),
        ("changed", "u1"),
        ("is_open", "u1"),  # 0 for a duplicate, and once the transaction is undone
        ("moved_ids", "u1"),  # 1 where the customer left ``id_row``, which is free once the transaction is kept
    ],
    align=True,
)
"""Change that a transaction made: 40 bytes."""


class Changes(NamedTuple):
    """Changes that n transactions made, in their order.

    Parameters
    ----------
    heads : ndarray of CHANGE, (n,)
    left : ndarray of ENTRY, (n,)
        Transaction that left the entries.
    tiles : ndarray of TILE, (n, windows)
        Tile of each window that counts it, as it was.
    """

    heads: NDArray[np.void]
    left: NDArray[np.void]
    tiles: NDArray[np.void]

    @classmethod
    def of(cls, count: int) -> Changes:
        """Return room for the changes of n transactions."""
        return cls(np.zeros(count, CHANGE), np.empty(count, ENTRY), np.empty((count, len(WINDOWS)), TILE))

    def first(self, count: int) -> Changes:
        """Return views of the first ones."""
        return Changes(*(part[:count] for part in self))


NO_CHANGES = Changes.of(0)
"""Given to a kernel that is not to note them."""


class HistoryUndo:
    """Changes since the last batch that was kept.

    A transaction takes 280 bytes here until it is kept.
    """

    def __init__(self) -> None:
        self._batches: list[tuple[list[str], Changes]] = []
        self._room = NO_CHANGES

    def begin(self, customers: list[str]) -> Changes:
        """Return where a kernel notes the changes of a batch of these customers."""
        count = len(customers)
        if self._batches:
            changes = Changes.of(count)
        else:
            if len(self._room.heads) < count:
                self._room = Changes.of(count)
            changes = self._room.first(count)
        changes.heads["is_open"] = 0
        self._batches.append((customers, changes))
        return changes

    @property
    def customers(self) -> dict[str, None]:
        """Customers of batches that are not kept yet."""
        return dict.fromkeys(customer for customers, _ in self._batches for customer in customers)

    def newest_first(self) -> Iterable[Changes]:
        """Return the changes, those of the newest batch first."""
        return [changes for _, changes in reversed(self._batches)]

    def forget_undone(self) -> None:
        """Forget the batches that are undone as a whole."""
        self._batches = [batch for batch in self._batches if batch[1].heads["is_open"].any()]

    def keep(self, ids: LeftRows) -> None:
        """Forget all changes, and free the rows of ids that customers left."""
        for _, changes in self._batches:
            heads = changes.heads
            for row in heads["id_row"][(heads["moved_ids"] & heads["is_open"]).view(np.bool_)].tolist():
                ids.release(row)
        self._batches = []
