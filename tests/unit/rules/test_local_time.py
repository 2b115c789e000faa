"""Local times in rules: hours and days of one zone, with the offset of the moment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from models.features.table import FEATURES
from models.rules.local_time import LOCAL_NUMBERS, local_times
from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from schemas.columns import TRANSACTION_ARROW
from tests.records import transaction
from tests.unit.rules.books import book, rule

SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
"""Berlin's clocks change at 01:00 UTC."""


def columns(times, zone):
    return local_times(np.array([round(time.timestamp() * 1000) for time in times], np.int64), zone)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("day", [SPRING, AUTUMN, datetime(2026, 4, 4, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC)])
def test_local_times_equal_zoneinfo_for_each_minute_around_a_clock_change(zone, day):
    times = [day + timedelta(minutes=minute, seconds=59) for minute in range(-1_000, 2_500)]
    found = columns(times, zone)
    local = [time.astimezone(ZoneInfo(zone)) for time in times]
    assert found["local_hour"].tolist() == [time.hour for time in local]
    assert found["local_weekday"].tolist() == [time.isoweekday() for time in local]
    assert found["local_is_night"].tolist() == [time.hour < 6 for time in local]
    assert found["local_is_weekend"].tolist() == [time.isoweekday() > 5 for time in local]


@pytest.mark.parametrize("time", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_bounds_of_the_calendar_are_no_error(time, zone):
    assert 0 <= columns([time], zone)["local_hour"][0] <= 23


def hits(when, zone, *times):
    rows = [transaction(number, event_time=time) for number, time in enumerate(times)]
    records = pa.RecordBatch.from_pylist(rows, schema=TRANSACTION_ARROW)
    x, scores = np.zeros((len(rows), len(FEATURES)), np.float32), np.zeros(len(rows), np.float32)
    batch = RuleBatch(records, x, scores, zone)
    return RuleEngine(book(rule("r", when))).apply(batch, np.zeros(len(rows), np.uint8)).masks[0].tolist()


def test_rule_on_the_local_hour_moves_with_the_clocks_and_not_with_utc():
    before, after = SPRING + timedelta(minutes=59), SPRING + timedelta(minutes=60)
    assert hits("local_hour == 1", "Europe/Berlin", before, after) == [True, False]
    assert hits("local_hour == 3", "Europe/Berlin", before, after) == [False, True]
    assert hits("local_hour == 0", "UTC", before, after) == [True, False]


def test_repeated_hour_matches_twice():
    times = [AUTUMN + timedelta(minutes=minutes) for minutes in (0, 60, 120)]
    assert hits("local_hour == 2", "Europe/Berlin", *times) == [True, True, False]


def test_local_flags_are_conditions_by_themselves_and_never_missing():
    friday_night = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)
    assert hits("local_is_night and local_is_weekend", "Europe/Berlin", friday_night) == [True]
    assert hits("local_is_night or local_is_weekend", "UTC", friday_night) == [False]
    assert hits(
        " or ".join(f"missing({name})" for name in (*LOCAL_NUMBERS, "local_is_night")), "UTC", friday_night
    ) == [False]
