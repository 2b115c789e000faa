"""Group testing: the rows of a batch that make a step raise, found in few calls of the step."""

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from schemas.row_selection import Rows

Piece = TypeVar("Piece")

NOT_FAULTS = (KeyboardInterrupt, SystemExit, GeneratorExit)
REMEMBERED = 1_000
"""Rows after which earlier ones count half for the share of culprits."""

HALF_FAILS = math.log(2)
"""Culprits expected in a group that fails as often as it passes: a call on it is the most informative."""

SINGLE_SHARE = 0.38
"""Share of culprits from which on groups find them in no fewer calls than rows one by one."""


class CulpritSearch:
    """Search for the rows of a batch that make a step raise.

    Rows are tried in groups. The larger the share of culprits among recent rows, the smaller the groups: with one
    culprit in ten rows a batch takes about 0.6 calls a row, with one in a hundred about 0.1. Each row that is found
    raised when it was tried alone.

    Parameters
    ----------
    passed_on : tuple of exception types
        No row's fault: never caught. Panics of Rust code derive from BaseException alone, and are caught.
    """

    def __init__(self, passed_on: tuple[type[BaseException], ...] = ()) -> None:
        self._passed_on: tuple[type[BaseException], ...] = (*NOT_FAULTS, *passed_on)
        self._rows = self._culprits = 0.0

    def find(self, count: int, step: Callable[[int, int], object]) -> dict[int, BaseException] | None:
        """Return the rows for which a step raises, with what it raised, in order.

        Parameters
        ----------
        count : int
            n, 1 or more.
        step : callable of (begin, end)
            Works on these of the n rows. It raises for all n of them.

        Returns
        -------
        dict of int to BaseException, or None
            None where rows raise together of which none raises alone.
        """
        found: dict[int, BaseException] = {}
        begin = 0
        while begin < count:
            end = min(count, begin + self._group_size(count))
            error = None
            if end - begin < count or count == 1:
                error = self._raised(step, begin, end)
                if error is None:
                    self._note(end - begin, 0)
                    begin = end
                    continue
            row, error = self._first(step, begin, end, error)
            if error is None:
                return None
            found[row] = error
            self._note(row + 1 - begin, 1)
            begin = row + 1
        return found

    def sieve(
        self, count: int, step: Callable[[Rows], Piece]
    ) -> tuple[list[tuple[Rows, Piece]], dict[int, BaseException]]:
        """Do a step over n rows but for those that make it raise.

        Parameters
        ----------
        count : int
            n, 1 or more.

        Returns
        -------
        list of (rows, piece)
            One for all rows that are left; where rows raise together of which none raises alone, one for each row.
        dict of int to BaseException
            The others, with what they raised, in order.
        """
        rows, culprits = np.arange(count), dict[int, BaseException]()
        while len(rows):
            try:
                return [(rows, step(rows))], dict(sorted(culprits.items()))
            except self._passed_on:
                raise
            except BaseException:
                found = self._found_in(rows, step)
            if not found:
                return self._one_by_one(count, step)
            culprits |= found
            rows = np.delete(np.arange(count), list(culprits))
        return [], dict(sorted(culprits.items()))

    def _found_in(self, rows: Rows, step: Callable[[Rows], Piece]) -> dict[int, BaseException]:
        found = self.find(len(rows), lambda begin, end: step(rows[begin:end])) or {}
        return {int(rows[index]): error for index, error in found.items()}

    def _one_by_one(
        self, count: int, step: Callable[[Rows], Piece]
    ) -> tuple[list[tuple[Rows, Piece]], dict[int, BaseException]]:
        pieces, culprits = [], dict[int, BaseException]()
        for row in range(count):
            alone = np.array([row])
            try:
                pieces.append((alone, step(alone)))
            except self._passed_on:
                raise
            except BaseException as error:
                culprits[row] = error
        return pieces, culprits

    def _first(
        self, step: Callable[[int, int], object], begin: int, end: int, error: BaseException | None
    ) -> tuple[int, BaseException | None]:
        """Return the first culprit among rows that raise together, with what it raises alone."""
        while end - begin > 1:
            middle = (begin + end) // 2
            error = self._raised(step, begin, middle)
            if error is None:
                begin = middle
            else:
                end = middle
        return begin, error or self._raised(step, begin, end)

    def _raised(self, step: Callable[[int, int], object], begin: int, end: int) -> BaseException | None:
        try:
            step(begin, end)
        except self._passed_on:
            raise
        except BaseException as error:
            return error
        return None

    def _group_size(self, count: int) -> int:
        if not self._culprits:
            return count
        share = self._culprits / self._rows
        return 1 if share > SINGLE_SHARE else 1 << max(0, round(math.log2(HALF_FAILS / share)))

    def _note(self, rows: int, culprits: int) -> None:
        self._rows += rows
        self._culprits += culprits
        if self._rows > REMEMBERED:
            self._rows, self._culprits = self._rows / 2, self._culprits / 2
