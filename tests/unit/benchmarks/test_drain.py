import pytest

from benchmarks.drain import rate_between, rates_in_turns
from runtime.failures import RuntimeFailure


def test_rate_is_taken_between_the_looks_next_to_the_counts():
    times = [(0, 0.0), (10, 9.0), (30, 10.0), (60, 11.0), (90, 13.0), (100, 60.0)]
    assert rate_between(times, 25, 90) == pytest.approx(20.0)


def test_drain_that_was_over_at_one_look_has_no_rate():
    with pytest.raises(RuntimeFailure, match="drain of 100 records"):
        rate_between([(0, 0.0), (100, 1.0)], 25, 90)


def test_sides_take_turns_and_the_first_turn_does_not_count():
    drained = []

    def side(name):
        def drain(number):
            drained.append((name, number))
            return float(number)

        return drain

    rates = rates_in_turns({"job": side("job"), "loop": side("loop")}, turns=3)
    assert drained == [("job", 0), ("loop", 1), ("job", 2), ("loop", 3), ("job", 4), ("loop", 5)]
    assert rates == {"job": [2.0, 4.0], "loop": [3.0, 5.0]}
