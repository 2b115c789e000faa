"""Times of user files: read, or refused with their unit and row."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from schemas.errors import UserError
from tests.unit.schemas.history_columns import ROWS, START, at, columns


def local(*texts):
    """Return times without a zone, the same text in all rows."""
    return pa.array(np.array(texts if len(texts) > 1 else texts * ROWS, "datetime64[us]"))


@pytest.mark.parametrize("name", ["event_time", "label_time"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (at(1_767_600_000, 1), "like seconds since 1970"),
        (at(1_767_600_000, 1_000), "like milliseconds since 1970"),
        (at(1_767_600_000, 1_000_000), "like microseconds since 1970"),
        (at(1_767_600_000, 1_000_000_000), "like nanoseconds since 1970"),
        (at(1_767_600_000, 1).astype(np.float64), "like seconds since 1970"),
        (["1767600000"] * ROWS, "like seconds since 1970"),
        (["1767600000.5"] * ROWS, "like seconds since 1970"),
        (at(20_261_125, 1), "like the digits of a date"),
        (["20261125"] * ROWS, "like the digits of a date"),
        (["20261125093000"] * ROWS, "like the digits of a date"),
        ([date(2026, 11, 25)] * ROWS, "got date32"),
        (["25.11.2026 09:30"] * ROWS, "expected times in ISO 8601"),
        (["2026-01-05T09:30:00"] * ROWS, "--timezone"),
        (["2026-13-45T09:30:00Z"] * ROWS, "expected times that exist"),
        (["2026-01-05T09:30:00Z"] * 5 + ["2026-01-05T09:30:00"], "1 without one of 6"),
        (local("2026-01-05T09:00"), "--timezone"),
    ],
)
def test_numbers_days_and_local_times_are_refused(refusal, name, values, expected):
    text = refusal(**{name: values})
    assert expected in text
    assert f"{name}: expected" in text
    assert "\n" not in text.split("got", 1)[0] or text.count("\n") <= 4


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_times_of_any_unit_and_zone_become_milliseconds_in_utc(read, unit):
    times = pa.array([START + timedelta(hours=row) for row in range(ROWS)], pa.timestamp(unit, "Asia/Tokyo"))
    assert read(event_time=times)["event_time"].to_pylist()[0] == START


def test_times_are_truncated_to_milliseconds(read):
    times = pa.array([START.replace(microsecond=123_456)] * ROWS, pa.timestamp("us", "UTC"))
    assert read(event_time=times)["event_time"].to_pylist()[0] == START.replace(microsecond=123_000)


@pytest.mark.parametrize("text", ["2026-01-05T09:30:00Z", "2026-01-05 10:30:00.000001+01:00", "2026-01-05T04:30-0500"])
def test_texts_with_a_time_zone_are_times(read, text):
    assert read(event_time=[text] * ROWS)["event_time"].to_pylist()[0] == START


def test_local_times_are_read_in_the_given_zone(read):
    naive = local("2026-07-05T11:30")
    late = pa.array([datetime(2026, 7, 9, tzinfo=UTC)] * ROWS)
    table = read(timezone="Europe/Berlin", event_time=naive, label_time=late)
    assert table["event_time"].to_pylist()[0] == datetime(2026, 7, 5, 9, 30, tzinfo=UTC)
    texts = read(timezone="Europe/Berlin", event_time=["2026-07-05 11:30"] * ROWS, label_time=late)
    assert texts["event_time"].equals(table["event_time"])


def test_ambiguous_times_of_a_clock_change_are_resolved_with_a_warning(read, caplog):
    hours = local("2025-03-30T02:30", "2025-10-26T02:30", *["2025-06-01T12:00"] * 4)
    table = read(timezone="Europe/Berlin", event_time=hours)
    times = sorted(table["event_time"].to_pylist())
    assert times[0].replace(microsecond=0) == datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC)
    assert times[-1] == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert "1 times do not exist in Europe/Berlin" in caplog.text
    assert "1 times exist twice in Europe/Berlin" in caplog.text


def test_an_unknown_zone_is_refused(read):
    with pytest.raises(UserError, match="expected a time zone such as Europe/Berlin, got 'Mars/Phobos'"):
        read(timezone="Mars/Phobos")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (datetime(1970, 1, 21, tzinfo=UTC), "event_time 1970-01-21"),
        (datetime(1999, 12, 31, tzinfo=UTC), "event_time 1999-12-31"),
        (datetime(2226, 1, 5, tzinfo=UTC), "event_time 2226-01-05"),
    ],
)
def test_event_of_another_century_is_named_with_its_row(refusal, when, expected):
    times = columns()["event_time"].to_pylist()
    times[3] = when
    text = refusal(event_time=pa.array(times, pa.timestamp("ms", "UTC")))
    assert "expected event_time from 2000 to 2099, got 1 other rows" in text
    assert expected in text
    assert "(row 3, transaction_id 't-3')" in text


def test_times_beyond_all_years_are_refused(refusal):
    assert "from 2000 to 2099" in refusal(event_time=pa.array([2**60] * ROWS, pa.timestamp("ms", "UTC")))
    assert "from 2000 to 2099" in refusal(event_time=pa.array([2**60] * ROWS, pa.timestamp("s", "UTC")))


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59Z", "9999-12-31 23:59:59.999999999+00:00"])
def test_placeholder_for_never_is_refused_with_what_to_do(refusal, never):
    text = refusal(label_time=[never, *["2026-02-05T09:30:00Z"] * 5])
    assert "expected label_time from 2000 to 2099, got 1 other rows: label_time 9999-12-31" in text
    assert "Leave label_time empty where the label is not known yet" in text


@pytest.mark.parametrize(
    ("wrong", "unit"), [(1_767_600_000, "seconds"), (1_767_600_000_000_000, "microseconds")], ids=["s", "us"]
)
def test_times_of_mixed_units_are_refused_with_the_unit(refusal, wrong, unit):
    right = [int(time.timestamp() * 1000) for time in columns()["event_time"].to_pylist()]
    mixed = pa.array([wrong, *right[1:]], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    text = refusal(event_time=mixed)
    assert "got 1 other rows: event_time" in text
    assert f"They seem to be {unit} read as milliseconds: convert them by their own unit" in text


def test_text_beyond_nanoseconds_does_not_wrap_into_another_century(refusal):
    """2^64 ns after 2026-01-05 is in 2610, which Arrow reads as a nanosecond of 2026."""
    text = refusal(event_time=["2610-07-27T09:04:33Z", *["2026-01-05T09:30:00Z"] * 5])
    assert "got 1 other rows: event_time 2610-07-27" in text
