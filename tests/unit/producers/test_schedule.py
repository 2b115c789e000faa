"""Send times of records."""

import numpy as np
import pytest

from producers.schedule import ConstantRate, EventClock
from schemas.errors import UserError


def test_constant_rate_has_equidistant_due_times():
    schedule = ConstantRate(100)
    assert [schedule.due(elapsed) for elapsed in (0, 0.0099, 0.0101, 1.0)] == [1, 1, 2, 101]
    assert schedule.moment_s(50) == 0.5


def test_event_clock_divides_event_time_by_the_speed():
    schedule = EventClock(np.array([1_000, 1_000, 61_000, 121_000]), speed=60)
    assert [schedule.due(elapsed) for elapsed in (0, 0.99, 1.0, 2.0, 99)] == [2, 2, 3, 4, 4]
    assert schedule.moment_s(3) == 2.0


@pytest.mark.parametrize("wrong", [0, -1, float("nan")])
def test_rate_or_speed_not_above_zero_is_refused(wrong):
    with pytest.raises(UserError, match="above 0"):
        ConstantRate(wrong)
    with pytest.raises(UserError, match="above 0"):
        EventClock(np.array([0]), wrong)
