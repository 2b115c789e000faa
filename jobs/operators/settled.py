"""Work on rows in parts, down to the rows that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from jobs.operators.shard_state import StateAccessError
from models.features.history import HistoryVersionError
from schemas.rejection import shortened

NOT_OF_DATA = (StateAccessError, HistoryVersionError, MemoryError)
"""No record's fault: the task fails and starts again from its last checkpoint."""

FEW_ROWS = 4
"""Rows up to which a part is attempted row by row: with halves it would need as many attempts."""

T = TypeVar("T")


def settled(
    count: int, attempt: Callable[[slice], T], revert: Callable[[slice], None]
) -> Iterator[tuple[slice, T | Exception]]:
    """Attempt n rows together, then each half of a part that fails, down to single rows that fail.

    What the caller does with a part is not part of the attempt, so its errors are no row's fault.

    Parameters
    ----------
    count : int
        n, 1 or more.
    attempt : callable of slice to T
        Works on some of the rows.
    revert : callable of slice
        Undoes an attempt that failed, before its parts are attempted.

    Yields
    ------
    slice, T or Exception
        The parts from first to last: what the attempt returned, or its error for a single row.
    """
    waiting = [slice(0, count)]
    while waiting:
        rows = waiting.pop()
        try:
            outcome: T | Exception = attempt(rows)
        except NOT_OF_DATA:
            raise
        except Exception as error:
            revert(rows)
            if rows.stop - rows.start > 1:
                waiting += reversed(_parts(rows))
                continue
            outcome = error
        yield rows, outcome


def _parts(rows: slice) -> list[slice]:
    size = rows.stop - rows.start
    if size <= FEW_ROWS:
        return [slice(row, row + 1) for row in range(rows.start, rows.stop)]
    middle = rows.start + size // 2
    return [slice(rows.start, middle), slice(middle, rows.stop)]


def internal(error: BaseException) -> str:
    """Return the detail of a dead letter of reason INTERNAL."""
    return shortened(f"{type(error).__name__}: {error}")
