"""Rows of ids of transactions that left a customer's entries, for the few customers that have such."""

import numpy as np
from numpy.typing import NDArray

from models.features.history import ID_FIELDS, MOST_IDS, Ids

WIDTH = 2 * MOST_IDS
"""Places of a row: as ids leave at its front the rest is moved back but seldom."""


class IdRows:
    """Ids of transactions that left the entries of their customers; a row is taken when the first one leaves.

    Attributes
    ----------
    transactions, minutes, scores : ndarray of ID_FIELDS, (rows, WIDTH)
    spans : ndarray of int32, (rows, 3)
        Where the ids of a row begin, how many they are, and how many of the last may lack their score.
    free : ndarray of int32, (rows + 1,)
        Rows that no customer has, at the front; their number at the end. Row 0 is no one's: it stands for none.
    """

    def __init__(self) -> None:
        self._allocate(1)
        self.free = np.zeros(2, np.int32)

    def with_room_for(self, customers: int) -> tuple[NDArray[np.generic], ...]:
        """Return free, transactions, minutes, scores and spans, with so many free rows at least."""
        if self.free[-1] < customers:
            self._grow(customers)
        return self.free, self.transactions, self.minutes, self.scores, self.spans

    def add(self, ids: Ids) -> int:
        """Put ids into a free row and return which."""
        self.with_room_for(1)
        self.free[-1] -= 1
        row = int(self.free[self.free[-1]])
        count = len(ids.transactions)
        self.spans[row] = 0, count, 0
        self.transactions[row, :count], self.minutes[row, :count], self.scores[row, :count] = ids
        return row

    def release(self, row: int) -> None:
        """Make a row free."""
        self.free[self.free[-1]] = row
        self.free[-1] += 1

    def clear(self) -> None:
        """Make all rows free."""
        rows = len(self.spans) - 1
        self.free[:rows] = np.arange(rows, 0, -1)
        self.free[-1] = rows

    def of(self, row: int) -> tuple[bytes, bytes, bytes]:
        """Return the fields of a row's ids as they are encoded."""
        first, count, _ = self.spans[row].tolist()
        here = slice(first, first + count)
        return (
            self.transactions[row, here].tobytes(),
            self.minutes[row, here].tobytes(),
            self.scores[row, here].tobytes(),
        )

    def _grow(self, customers: int) -> None:
        before = (self.transactions, self.minutes, self.scores, self.spans)
        held, unused = len(self.spans), self.free[: self.free[-1]]
        rows = max(2 * held, held + customers)
        self._allocate(rows)
        taken = np.setdiff1d(np.arange(1, held), unused)  # the pages of the others stay untouched
        for row in taken.tolist():
            end = int(before[-1][row, 0] + before[-1][row, 1])
            for grown, array in zip((self.transactions, self.minutes, self.scores), before, strict=False):
                grown[row, :end] = array[row, :end]
            self.spans[row] = before[-1][row]
        added = np.arange(rows - 1, held - 1, -1, dtype=np.int32)
        free = np.zeros(rows + 1, np.int32)
        free[: len(added)], free[len(added) : len(added) + len(unused)] = added, unused
        free[-1] = len(added) + len(unused)
        self.free = free

    def _allocate(self, rows: int) -> None:
        self.transactions, self.minutes, self.scores = (np.zeros((rows, WIDTH), field) for field in ID_FIELDS)
        self.spans = np.zeros((rows, 3), np.int32)
