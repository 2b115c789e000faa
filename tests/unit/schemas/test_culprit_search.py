"""Rows that make a step raise, found by group testing."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.culprit_search import CulpritSearch


class Step:
    """A step over rows that raises for some, and counts its calls.

    Parameters
    ----------
    culprits : set of int
    together : set of int
        Rows that raise only together.
    error : exception type
    """

    def __init__(self, culprits: set[int], together: set[int] | None = None, error: Any = ArithmeticError) -> None:
        self._culprits, self._together, self._error, self.calls = culprits, together, error, 0

    def span(self, begin: int, end: int) -> list[int]:
        return self.rows(np.arange(begin, end))

    def rows(self, rows: Any) -> list[int]:
        self.calls += 1
        here = set(rows.tolist())
        bad = sorted(here & self._culprits)
        if bad or (self._together and self._together <= here):
            raise self._error(bad)
        return sorted(here)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1))))
def test_exactly_the_culprits_are_found_each_with_its_own_error(case):
    count, culprits = case
    search = CulpritSearch()
    for _ in range(2):  # the second search starts from the share of the first
        found = search.find(count, Step(culprits).span)
        assert found is not None
        assert {row: error.args for row, error in found.items()} == {row: ([row],) for row in culprits}
        assert list(found) == sorted(culprits)


@given(st.sets(st.integers(0, 99)))
def test_sieve_runs_the_step_once_for_all_remaining_rows(culprits):
    pieces, found = CulpritSearch().sieve(100, Step(culprits).rows)
    left = [row for row in range(100) if row not in culprits]
    assert [piece for _, piece in pieces] == ([left] if left else [])
    assert [rows.tolist() for rows, _ in pieces] == ([left] if left else [])
    assert set(found) == culprits


def test_rows_that_raise_only_together_are_no_culprits():
    step = Step(set(), together={3, 60})
    assert CulpritSearch().find(100, step.span) in (None, {})
    pieces, found = CulpritSearch().sieve(100, step.rows)
    assert [piece for _, piece in pieces] == [[row] for row in range(100)]
    assert found == {}


def test_culprits_among_rows_that_raise_together_are_found_too():
    pieces, found = CulpritSearch().sieve(50, Step({7, 8}, together={3, 40}).rows)
    assert set(found) == {7, 8}
    assert sorted(row for _, piece in pieces for row in piece) == [row for row in range(50) if row not in (7, 8)]


@pytest.mark.parametrize(("share", "calls"), [(0.001, 0.03), (0.01, 0.12), (0.1, 0.72), (0.5, 1.2)])
def test_calls_per_row_grow_with_the_share_of_culprits(share, calls):
    search, random, spent = CulpritSearch(), np.random.default_rng(1), 0
    for _ in range(200):
        culprits = set(np.flatnonzero(random.random(200) < share).tolist())
        if culprits:
            step = Step(culprits)
            assert set(search.find(200, step.span) or {}) == culprits
            spent += step.calls
    assert spent / (200 * 200) < calls


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_error_that_no_row_causes_is_raised(error):
    with pytest.raises(error):
        CulpritSearch((MemoryError,)).sieve(20, Step({3}, error=error).rows)


def test_panic_of_compiled_code_is_attributed_to_its_row():
    class Panic(BaseException):
        pass

    _, found = CulpritSearch().sieve(20, Step({3}, error=Panic).rows)
    assert set(found) == {3}
