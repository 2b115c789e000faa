"""Days of a snooze."""

import pytest

from fraudstream.cli.rules import _days_from_now
from schemas.errors import UserError


@pytest.mark.parametrize("days", [1e9, 1e300, float("inf"), float("nan")])
def test_days_beyond_every_date_are_refused(days):
    with pytest.raises(UserError, match="expected --days that end before the year 10000"):
        _days_from_now(days)
