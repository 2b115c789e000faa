"""Rows of what left the entries of a customer or a merchant, for the few that have more than fit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class LeftRows:
    """Rows of ids and labels that left the entries of customers or merchants; a row is used from the first that leaves.

    Parameters
    ----------
    fields : sequence of dtype
        Three, of which the first is a transaction's hash.
    max_kept : int
        Entries kept in a row. It has twice as many slots, so that the rest is rarely moved as some leave at its front.

    Attributes
    ----------
    fields : list of three ndarrays, (rows, 2 * max_kept)
    spans : ndarray of int32, (rows, 3)
        Begin and length of the content of a row, and the length of its end whose scores may be missing.
    free : ndarray of int32, (rows + 1,)
        Unused rows, at the front; their number at the end. Row 0 is never used: it means none.
    """

    def __init__(self, fields: Sequence[np.dtype[Any]], max_kept: int) -> None:
        self._dtypes, self._width = tuple(fields), 2 * max_kept
        self._allocate(1)
        self.free = np.zeros(2, np.int32)

    def with_room_for(self, customers: int) -> tuple[NDArray[np.generic], ...]:
        """Return free, the three fields and spans, with so many free rows at least."""
        if self.free[-1] < customers:
            self._grow(customers)
        return self.free, *self.fields, self.spans

    def add(self, left: Sequence[NDArray[Any]]) -> int:
        """Put the fields of what left into a free row and return which."""
        self.with_room_for(1)
        self.free[-1] -= 1
        row = int(self.free[self.free[-1]])
        count = len(left[0])
        self.spans[row] = 0, count, 0
        for field, values in zip(self.fields, left, strict=True):
            field[row, :count] = values
        return row

    def release(self, row: int) -> None:
        """Make a row free."""
        self.free[self.free[-1]] = row
        self.free[-1] += 1

    def of(self, row: int) -> list[NDArray[Any]]:
        """Return the fields of what a row holds, as views."""
        first, count, _ = self.spans[row].tolist()
        return [field[row, first : first + count] for field in self.fields]

    def _grow(self, customers: int) -> None:
        fields, spans, held, unused = self.fields, self.spans, len(self.spans), self.free[: self.free[-1]]
        rows = max(2 * held, held + customers)
        self._allocate(rows)
        for row in np.setdiff1d(np.arange(1, held), unused).tolist():  # the pages of the others stay untouched
            end = int(spans[row, 0] + spans[row, 1])
            for grown, field in zip(self.fields, fields, strict=True):
                grown[row, :end] = field[row, :end]
            self.spans[row] = spans[row]
        added = np.arange(rows - 1, held - 1, -1, dtype=np.int32)
        self.free = np.zeros(rows + 1, np.int32)
        self.free[: len(added)] = added
        self.free[len(added) : len(added) + len(unused)] = unused
        self.free[-1] = len(added) + len(unused)

    def _allocate(self, rows: int) -> None:
        self.fields = [np.zeros((rows, self._width), dtype) for dtype in self._dtypes]
        self.spans = np.zeros((rows, 3), np.int32)
