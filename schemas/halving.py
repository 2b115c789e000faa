"""Rows that make a step over a batch raise, found by halving: the others are done in few, large pieces."""

from collections.abc import Callable
from typing import TypeVar

Piece = TypeVar("Piece")

NOT_FAULTS = (KeyboardInterrupt, SystemExit, GeneratorExit)


def halved(
    rows: int, step: Callable[[int, int], Piece]
) -> tuple[list[tuple[int, int, Piece]], list[tuple[int, BaseException]]]:
    """Do a step over rows begin to end, or over halves of them as long as it raises.

    A single bad row of n costs the step about 2 log2(n) more calls, on halves, quarters and so on.

    Parameters
    ----------
    rows : int
    step : callable of (begin, end)

    Returns
    -------
    list of (begin, end, piece)
        In order.
    list of (row, error)
        The rows for which it raises by themselves, in order. Panics of Rust code derive from BaseException alone, and
        count too.
    """
    pieces, culprits, todo = [], [], [(0, rows)]
    while todo:
        begin, end = todo.pop()
        try:
            pieces.append((begin, end, step(begin, end)))
        except BaseException as error:
            if isinstance(error, NOT_FAULTS):
                raise
            if end - begin <= 1:
                culprits.append((begin, error))
            else:
                middle = (begin + end) // 2
                todo += [(middle, end), (begin, middle)]
    return pieces, culprits
