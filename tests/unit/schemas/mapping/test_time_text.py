"""Times as texts."""

from datetime import datetime

import pyarrow as pa
import pytest

from schemas.mapping.time_text import TimeFormat, TimeFormatError


def parsed(text, pattern="iso", timezone=None, **options):
    milliseconds = TimeFormat(pattern, timezone, **options).parse(pa.array([text], pa.string())).to_pylist()[0]
    return None if milliseconds is None else milliseconds / 1000


def at(text):
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T09:30:00.250Z", "2026-01-01T09:30:00.250+00:00"),
        ("2026-01-01T09:30:00.250999Z", "2026-01-01T09:30:00.250+00:00"),
        ("2026-01-01 09:30:00+01:00", "2026-01-01T08:30:00+00:00"),
        ("2026-01-01 09:30:00 -0330", "2026-01-01T13:00:00+00:00"),
        ("20260101T093000Z", "2026-01-01T09:30:00+00:00"),
        ("2026-01-01 09:30", "2026-01-01T08:30:00+00:00"),
        ("2026-01-01", "2025-12-31T23:00:00+00:00"),
    ],
)
def test_iso_time_is_parsed_with_its_zone_or_the_one_of_the_format(text, moment):
    assert parsed(text, timezone="Europe/Berlin") == at(moment)


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("1.2.2026 9:05", "%d.%m.%Y %H:%M", "2026-02-01T09:05:00+00:00"),
        ("01/02/26 12:05:01 AM", "%m/%d/%y %I:%M:%S %p", "2026-01-02T00:05:01+00:00"),
        ("01/02/2026 12:05:01 p.m.", "%m/%d/%Y %I:%M:%S %p", "2026-01-02T12:05:01+00:00"),
        ("1 January 2026 09:00:00 +0200", "%d %b %Y %H:%M:%S %z", "2026-01-01T07:00:00+00:00"),
        ("Thu, Jan 1, 2026", "%a, %b %d, %Y", "2026-01-01T00:00:00+00:00"),
        ("20260105093000", "%Y%m%d%H%M%S", "2026-01-05T09:30:00+00:00"),
        ("05-01-2026 09:30:00.5", "%d-%m-%Y %H:%M:%S.%f", "2026-01-05T09:30:00.500+00:00"),
        ("1767259800", "epoch_s", "2026-01-01T09:30:00+00:00"),
        ("1767259800.25", "epoch_s", "2026-01-01T09:30:00.250+00:00"),
        ("1.7672598e9", "epoch_s", "2026-01-01T09:30:00+00:00"),
        (" 1767259800250 ", "epoch_ms", "2026-01-01T09:30:00.250+00:00"),
        ("1767259800250999", "epoch_us", "2026-01-01T09:30:00.250+00:00"),
        ("1767259800250999999", "epoch_ns", "2026-01-01T09:30:00.250+00:00"),
    ],
)
def test_time_is_parsed_by_its_format(text, pattern, moment):
    assert parsed(text, pattern, "UTC") == at(moment)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("31.02.2026 10:00", "%d.%m.%Y %H:%M"),
        ("01.13.2026 10:00", "%d.%m.%Y %H:%M"),
        ("01.01.2026 24:00", "%d.%m.%Y %H:%M"),
        ("01.01.2026 10:60", "%d.%m.%Y %H:%M"),
        ("01/01/2026 13:00 PM", "%m/%d/%Y %I:%M %p"),
        ("1 Foo 2026", "%d %b %Y"),
        ("2026010593000", "%Y%m%d%H%M%S"),
        ("99999999999999999999", "epoch_s"),
        ("99999999999999999999", "epoch_ms"),
        ("soon", "epoch_ms"),
        ("2026-02-30", "iso"),
        ("2026-1-1", "iso"),
        (None, "iso"),
        ("", "iso"),
    ],
)
def test_time_that_does_not_exist_is_null(text, pattern):
    assert parsed(text, pattern, "UTC") is None


def test_local_time_without_a_zone_is_null():
    assert parsed("2026-01-01 09:30") is None


def test_local_times_and_times_with_a_zone_may_be_mixed():
    times = TimeFormat("iso", "Europe/Berlin").parse(pa.array(["2026-01-01 09:30", "2026-01-01 09:30Z"]))
    assert (times[1].as_py() - times[0].as_py()) == 3_600_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2026-10-25 02:30", "2026-10-25T00:30:00+00:00"), ("2026-03-29 02:30", "2026-03-29T00:59:59.999+00:00")],
)
def test_clock_changes_give_the_earlier_hour_and_the_moment_before(text, moment):
    assert parsed(text, timezone="Europe/Berlin") == at(moment)


@pytest.mark.parametrize(("text", "pattern"), [("2026-01-05", "iso"), ("05.01.2026", "%d.%m.%Y")])
def test_day_without_a_time_may_be_its_last_millisecond(text, pattern):
    assert parsed(text, pattern, "UTC", end_of_day=True) == at("2026-01-05T23:59:59.999+00:00")


def test_time_of_day_counts_although_days_are_their_end():
    assert parsed("2026-01-05 10:00", timezone="UTC", end_of_day=True) == at("2026-01-05T10:00:00+00:00")


@pytest.mark.parametrize("pattern", ["%d.%m %H", "%Y-%m-%d %q", "%Y-%Y-%d", "ISO", "%Y-%m-%d %"])
def test_pattern_without_a_date_or_with_an_unknown_directive_is_refused(pattern):
    with pytest.raises(TimeFormatError, match="expected"):
        TimeFormat(pattern)
