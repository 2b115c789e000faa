"""Turns of drains, and drains that are too short to measure."""

import pytest

from benchmarks.drain import rates_in_turns, require_unfinished
from fraudstream.system.failures import RuntimeFailure


def test_sides_alternate_and_the_first_round_does_not_count():
    drained = []

    def side(name):
        def drain(number):
            drained.append((name, number))
            return float(number)

        return drain

    rates = rates_in_turns({"job": side("job"), "loop": side("loop")}, turns=3)
    assert drained == [("job", 0), ("loop", 1), ("job", 2), ("loop", 3), ("job", 4), ("loop", 5)]
    assert rates == {"job": [2.0, 4.0], "loop": [3.0, 5.0]}


def test_drain_that_ended_before_its_first_poll_is_refused():
    require_unfinished({"scores": 2, "alerts": 1}, {"scores": 1, "alerts": 1})
    with pytest.raises(RuntimeFailure, match=r"got all 2 records of scores, 1 records of alerts at it\. Use more"):
        require_unfinished({"scores": 2, "alerts": 1}, {"scores": 3, "alerts": 1})
