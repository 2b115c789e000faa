"""Slots of the week."""

from datetime import UTC, datetime

import numpy as np
import pytest

from models.drift.season import SLOTS, slots_of


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        (datetime(2026, 1, 5, 0, 0, tzinfo=UTC), 0),  # a Monday
        (datetime(2026, 1, 9, 23, 59, 59, tzinfo=UTC), 23),  # Friday
        (datetime(2026, 1, 10, 0, 0, tzinfo=UTC), 24),  # Saturday
        (datetime(2026, 1, 11, 13, 30, tzinfo=UTC), 37),  # Sunday
        (datetime(2026, 1, 12, 0, 0, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 5, 0, tzinfo=UTC), 5),  # a Thursday
        (datetime(1969, 12, 28, 5, 0, tzinfo=UTC), 29),  # the Sunday before
    ],
)
def test_slot_is_the_hour_of_a_working_day_or_of_the_weekend(moment, slot):
    assert slots_of(np.array([int(moment.timestamp() * 1000)])).tolist() == [slot]


def test_week_has_exactly_the_slots():
    hours = np.arange(24 * 7, dtype=np.int64) * 3_600_000
    assert set(slots_of(hours).tolist()) == set(range(SLOTS))
