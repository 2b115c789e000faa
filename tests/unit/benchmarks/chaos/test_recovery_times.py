"""Recovery times of chaos runs."""

import pytest

from benchmarks.chaos.recovery import recovery_times


@pytest.mark.parametrize(
    ("moments", "arrivals", "expected"),
    [
        pytest.param([10.0], [9.0, 10.5, 16.0, 16.5], [6.0], id="scores that were under way do not count"),
        pytest.param([10.0], [9.0, 10.5, 11.0], [0.5], id="no silence"),
        pytest.param([10.0, 20.0], [9.0, 15.0, 15.5, 27.0], [5.0, 7.0], id="the next silence is longer"),
        pytest.param([10.0, 20.0], [9.0, 10.5, 27.0, 27.5], [17.0, 7.0], id="the next fault comes first"),
        pytest.param([10.0, 20.0], [9.0, 13.0, 14.0, 16.0, 19.0, 20.5, 25.0], [3.0, 5.0], id="one after the other"),
        pytest.param([10.0], [9.0], [float("inf")], id="none came again"),
    ],
)
def test_recovery_ends_with_the_longest_silence(moments, arrivals, expected):
    assert recovery_times(moments, arrivals) == expected
