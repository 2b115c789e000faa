"""Files as people have them: read, or refused with all that is wrong, a line each."""

import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.columns import LABELLED_ARROW, TRANSACTION_ARROW, known_labels, read_history, read_label_file
from schemas.errors import UserError
from schemas.file_limits import FileLimits
from schemas.validation import Limits

ROWS = 6
START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def columns(**other):
    """Return the canonical columns of some rows, with others in the place of some; None leaves one out."""
    times = [START + timedelta(hours=row) for row in range(ROWS)]
    whole = {
        "transaction_id": [f"t-{row}" for row in range(ROWS)],
        "customer_id": ["c-1"] * ROWS,
        "merchant_id": ["m-1"] * ROWS,
        "merchant_category": ["grocery"] * ROWS,
        "transaction_type": ["purchase"] * ROWS,
        "amount_minor": [1_458] * ROWS,
        "currency": ["EUR"] * ROWS,
        "event_time": pa.array(times, pa.timestamp("ms", "UTC")),
        "is_fraud": [False, True] * (ROWS // 2),
        "label_time": pa.array([time + timedelta(days=7) for time in times], pa.timestamp("ms", "UTC")),
    }
    return {name: values for name, values in (whole | other).items() if values is not None}


@pytest.fixture
def read(tmp_path):
    def read(schema=LABELLED_ARROW, timezone=None, **other):
        path = tmp_path / "history.parquet"
        pq.write_table(pa.table(columns(**other)), path)
        return read_history(path, schema, timezone=timezone)

    return read


@pytest.fixture
def refusal(read):
    def refusal(**other):
        with pytest.raises(UserError) as error:
            read(**other)
        text = str(error.value)
        assert "Traceback" not in text
        return text

    return refusal


TRUTH = [False, True] * (ROWS // 2)


@pytest.mark.parametrize(
    "flags",
    [
        pa.array(TRUTH),
        pa.array([0, 1] * 3, pa.int8()),
        pa.array([0, 1] * 3, pa.uint64()),
        pa.array([0.0, 1.0] * 3),
        pa.array(["false", "True"] * 3),
        pa.array(["0", " 1 "] * 3, pa.large_string()),
        pa.array(["FALSE", "true"] * 3).dictionary_encode(),
        pa.array([Decimal(0), Decimal(1)] * 3, pa.decimal128(3, 0)),
    ],
    ids=lambda array: str(array.type),
)
def test_true_and_false_and_0_and_1_are_flags_in_any_type(read, flags):
    assert read(is_fraud=flags)["is_fraud"].to_pylist() == TRUTH


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([1, 1, 1, 1, 2, 2], "got 1 (4 rows) and 2 (2 rows). Map each"),
        ([0, 1, 1, 0, 0, 2], "got 0 (3 rows), 1 (2 rows) and 2 (1 rows)"),
        ([0, 0, 0, 0, 0, -1], "-1 (1 rows)"),
        ([0.0, 1.0, 0.5, 0.0, 0.0, 0.0], "0.5 (1 rows)"),
        (["Y", "N", "N", "N", "N", "N"], "got 'N' (5 rows) and 'Y' (1 rows)"),
        (["true", "fraud", "", "false", "true", "true"], "'fraud' (1 rows)"),
        ([[True]] * ROWS, "expected true/false or 0/1, got list"),
        (pa.array([START] * ROWS), "expected true/false or 0/1"),
    ],
)
def test_any_other_flag_is_refused_with_the_counts_of_the_values(refusal, flags, expected):
    assert expected in refusal(is_fraud=flags)


def test_many_kinds_of_flags_are_counted_shortly(refusal):
    text = refusal(is_fraud=[3, 4, 5, 6, 7, 8])
    assert len(text) < 400


@pytest.mark.parametrize(
    "flags",
    [
        [None, True, False, True, False, True],
        [float("nan"), 1.0, 0.0, 1.0, 0.0, 1.0],
        ["", "1", "0", "1", "0", "1"],
        [None, 1, 0, 1, 0, 1],
    ],
)
def test_an_empty_flag_is_an_unknown_label_never_a_fraud(read, flags):
    table = read(is_fraud=flags)
    assert table["is_fraud"].to_pylist()[0] is None
    assert table["label_time"].to_pylist()[0] is None
    assert known_labels(table)["transaction_id"].to_pylist() == [f"t-{row}" for row in range(1, ROWS)]


def test_a_label_without_a_time_is_unknown(read, caplog):
    times = columns()["label_time"].to_pylist()
    table = read(label_time=pa.array([None, *times[1:]], pa.timestamp("ms", "UTC")))
    assert table["is_fraud"].to_pylist()[0] is None
    assert len(known_labels(table)) == ROWS - 1
    assert "1 rows have no label" in caplog.text


def local(*texts):
    """Return times without a zone; the one text for all rows."""
    return pa.array(np.array(texts if len(texts) > 1 else texts * ROWS, "datetime64[us]"))


def at(value, unit):
    return (np.array([value] * ROWS, np.float64) * unit).astype(np.int64)


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
def test_numbers_days_and_local_times_are_no_times(refusal, name, values, expected):
    text = refusal(**{name: values})
    assert expected in text
    assert f"{name}: expected" in text
    assert "\n" not in text.split("got", 1)[0] or text.count("\n") <= 4


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_times_of_any_unit_and_zone_become_milliseconds_in_utc(read, unit):
    times = pa.array([START + timedelta(hours=row) for row in range(ROWS)], pa.timestamp(unit, "Asia/Tokyo"))
    assert read(event_time=times)["event_time"].to_pylist()[0] == START


def test_finer_times_than_milliseconds_are_cut_off(read):
    times = pa.array([START.replace(microsecond=123_456)] * ROWS, pa.timestamp("us", "UTC"))
    assert read(event_time=times)["event_time"].to_pylist()[0] == START.replace(microsecond=123_000)


@pytest.mark.parametrize("text", ["2026-01-05T09:30:00Z", "2026-01-05 10:30:00.000001+01:00", "2026-01-05T04:30-0500"])
def test_texts_with_a_time_zone_are_times(read, text):
    assert read(event_time=[text] * ROWS)["event_time"].to_pylist()[0] == START


def test_local_times_are_taken_in_the_zone_that_was_named(read):
    naive = local("2026-07-05T11:30")
    late = pa.array([datetime(2026, 7, 9, tzinfo=UTC)] * ROWS)
    table = read(timezone="Europe/Berlin", event_time=naive, label_time=late)
    assert table["event_time"].to_pylist()[0] == datetime(2026, 7, 5, 9, 30, tzinfo=UTC)
    texts = read(timezone="Europe/Berlin", event_time=["2026-07-05 11:30"] * ROWS, label_time=late)
    assert texts["event_time"].equals(table["event_time"])


def test_times_of_a_clock_change_are_decided_and_told(read, caplog):
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
def test_an_event_of_another_century_is_named_with_its_row(refusal, when, expected):
    times = columns()["event_time"].to_pylist()
    times[3] = when
    text = refusal(event_time=pa.array(times, pa.timestamp("ms", "UTC")))
    assert "expected event_time from 2000 to 2099, got 1 other rows" in text
    assert expected in text
    assert "(row 3, transaction_id 't-3')" in text


def test_times_beyond_all_years_are_refused(refusal):
    assert "from 2000 to 2099" in refusal(event_time=pa.array([2**60] * ROWS, pa.timestamp("ms", "UTC")))
    assert "from 2000 to 2099" in refusal(event_time=pa.array([2**60] * ROWS, pa.timestamp("s", "UTC")))


@pytest.mark.parametrize("name", ["customer_id", "transaction_id", "merchant_category", "device_id"])
@pytest.mark.parametrize(
    "values",
    [
        pa.array(range(6), pa.int64()),
        pa.array(range(6), pa.uint64()),
        pa.array(range(6), pa.decimal128(10, 0)),
        pa.array([str(row) for row in range(6)], pa.large_string()),
        pa.array([str(row) for row in range(6)]).dictionary_encode(),
        pa.array([str(row).encode() for row in range(6)]),
    ],
    ids=lambda array: str(array.type),
)
def test_texts_of_any_kind_and_whole_numbers_are_ids(read, name, values):
    assert read(**{name: values})[name].to_pylist() == [str(row) for row in range(6)]


@pytest.mark.parametrize(
    "values", [[1.0] * ROWS, [True] * ROWS, [[1]] * ROWS, pa.array([b"\xff"] * ROWS), pa.array([Decimal("1.5")] * ROWS)]
)
def test_other_ids_are_refused(refusal, values):
    assert "customer_id: expected text" in refusal(customer_id=values)


@pytest.mark.parametrize(
    "amounts",
    [
        pa.array([1458] * ROWS, pa.uint64()),
        pa.array([1458] * ROWS, pa.int16()),
        pa.array([1458.0] * ROWS),
        pa.array([Decimal(1458)] * ROWS, pa.decimal128(12, 0)),
        pa.array([1458] * ROWS).dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)
def test_whole_amounts_of_any_type_are_read(read, amounts):
    assert read(amount_minor=amounts)["amount_minor"].to_pylist() == [1458] * ROWS


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([14.58] * ROWS, "6 fractions such as 14.58"),
        ([Decimal("12.34")] * ROWS, "major units"),
        ([Decimal("12.00")] * ROWS, "major units"),
        (["1458"] * ROWS, "got string"),
        ([True] * ROWS, "got bool"),
        ([float("inf")] * ROWS, "fractions"),
        (pa.array([2**63] * ROWS, pa.uint64()), "larger ones"),
        ([1e300] * ROWS, "larger ones"),
        ([-500, *[1458] * 5], "got 1 other rows: amount_minor -500 (row 0, transaction_id 't-0'). Leave refunds"),
        ([10**12] * ROWS, "amount_minor from 0 to the limit of its currency"),
        ([None, *[1458] * 5], "expected no nulls, got 1 (rows 0)"),
    ],
)
def test_other_amounts_are_refused(refusal, amounts, expected):
    assert expected in refusal(amount_minor=amounts)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"merchant_id": [None, "NA", *["m-1"] * 4]},
            'merchant_id: expected no nulls, got 1 (rows 0). Fill them: df["m',
        ),
        (
            {"customer_id": [None, *["c-1"] * 5]},
            "nulls, got 1 (rows 0). Leave these rows out, or give each",
        ),
        ({"transaction_id": [None, *"12345"]}, "nulls, got 1 (rows 0). Leave these rows out, or give each"),
        ({"merchant_id": [""] * ROWS}, "expected merchant_id of 1 to 256 bytes"),
        ({"currency": ["x" * 257] * ROWS}, "expected currency of 0 to 256 bytes"),
        ({"latitude": [91.0] * ROWS, "longitude": [0.0] * ROWS}, "latitude from -90 to 90"),
        ({"latitude": [None] * ROWS, "longitude": [0.0] * ROWS}, "both coordinates or none"),
        ({"latitude": ["52,5"] * ROWS}, "latitude: expected degrees as numbers"),
        ({"label_time": pa.array([START - timedelta(days=1)] * ROWS)}, "label_time at or after event_time"),
        ({"currency": None}, "expected the column 'currency' (string)"),
    ],
)
def test_other_values_that_the_job_would_refuse_are_named(refusal, changed, expected):
    assert expected in refusal(**changed)


def test_a_shop_called_na_is_a_shop(read):
    assert read(merchant_id=["NA"] * ROWS)["merchant_id"].to_pylist() == ["NA"] * ROWS


def test_a_missing_location_may_be_nan_or_absent(read):
    nan = [float("nan")] * ROWS
    assert read(latitude=nan, longitude=nan)["latitude"].null_count == ROWS
    assert read()["latitude"].null_count == ROWS


def test_all_that_is_wrong_with_a_file_is_told_at_once(refusal):
    text = refusal(
        currency=None,
        is_fraud=[1, 2] * 3,
        event_time=at(1_767_600_000, 1),
        amount_minor=[-5] * ROWS,
        merchant_id=[None] * ROWS,
        latitude=[91.0] * ROWS,
        longitude=[0.0] * ROWS,
    )
    lines = text.splitlines()
    assert "got 6 problems" in lines[0]
    assert len(lines) == 7
    for wanted in ("'currency'", "is_fraud:", "event_time:", "amount_minor -5", "merchant_id:", "latitude"):
        assert any(wanted in line for line in lines[1:])


def test_rows_are_in_the_order_of_time_and_equal_times_in_that_of_the_file(read):
    times = pa.array(
        [START, START - timedelta(1), START, START - timedelta(1), START, START], pa.timestamp("ms", "UTC")
    )
    assert read(event_time=times)["transaction_id"].to_pylist() == ["t-1", "t-3", "t-0", "t-2", "t-4", "t-5"]


def test_repeated_transactions_of_a_customer_are_a_warning(read, caplog):
    read(transaction_id=["1"] * ROWS, customer_id=["a", "a", "b", "c", "d", "e"])
    assert "1 rows repeat a transaction_id of the same customer" in caplog.text


def test_ids_of_two_customers_are_not_repeated_whatever_they_hold(read, caplog):
    read(transaction_id=["b\0c", "c", *"1111"], customer_id=["a", "a\0b", *"wxyz"])
    assert "repeat" not in caplog.text


def test_columns_that_are_there_twice_are_refused(tmp_path):
    path = tmp_path / "history.parquet"
    whole = pa.table(columns())
    pq.write_table(pa.Table.from_arrays([*whole.columns, whole[0]], [*whole.column_names, "customer_id"]), path)
    with pytest.raises(UserError, match=r"expected each column once, got customer_id more than once\. Rename or drop"):
        read_history(path)


def test_all_missing_columns_are_one_line_with_the_names_that_may_be_meant(tmp_path):
    path = tmp_path / "history.parquet"
    renamed = {name.upper() if name == "customer_id" else name: values for name, values in columns().items()}
    extra = {f"x{number}": [0] * ROWS for number in range(100)}
    kept = {name: values for name, values in renamed.items() if name not in {"currency", "label_time"}}
    pq.write_table(pa.table(kept | extra), path)
    with pytest.raises(UserError) as error:
        read_history(path)
    text = str(error.value)
    assert "expected the columns 'customer_id' (string), 'currency' (string), 'label_time'" in text
    assert "'customer_id' may be 'CUSTOMER_ID'" in text
    assert "\n" not in text
    assert len(text) < 900


def test_a_folder_is_refused_by_that_name(tmp_path):
    pq.write_table(pa.table(columns()), tmp_path / "part-0.parquet")
    with pytest.raises(UserError, match=r"expected a Parquet file at .*, got a folder"):
        read_history(tmp_path)


def test_a_compressed_file_is_said_to_be_one(tmp_path):
    pq.write_table(pa.table(columns()), tmp_path / "history.parquet")
    packed = tmp_path / "history.parquet.gz"
    packed.write_bytes(gzip.compress((tmp_path / "history.parquet").read_bytes()))
    with pytest.raises(UserError, match="It is compressed: unpack it with gunzip first") as error:
        read_history(packed)
    assert "\n" not in str(error.value)


STRANGE = {
    "struct": pa.array([{"a": 1}] * ROWS),
    "list": pa.array([["x"]] * ROWS),
    "map": pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
    "duration": pa.array([timedelta(1)] * ROWS),
    "time": pa.array([5] * ROWS, pa.time32("s")),
    "date64": pa.array([5] * ROWS, pa.date64()),
    "halffloat": pa.array(np.array([0.5] * ROWS, np.float16)),
    "uuid": pa.array([bytes(16)] * ROWS, pa.binary(16)),
    "decimal256": pa.array([Decimal("1.5")] * ROWS, pa.decimal256(40, 2)),
    "null": pa.nulls(ROWS),
    "bytes": pa.array([b"\xff\xfe"] * ROWS),
    "large_binary": pa.array([b"\xff"] * ROWS, pa.large_binary()),
    "dictionary of numbers": pa.array([0.5] * ROWS).dictionary_encode(),
    "nan": pa.array([float("nan")] * ROWS),
}


@pytest.mark.parametrize("name", [*columns(), "device_id", "latitude"])
@pytest.mark.parametrize("kind", [*STRANGE])
def test_columns_of_any_type_are_read_or_refused_by_their_name(read, name, kind):
    try:
        table = read(**{name: STRANGE[kind]})
    except UserError as refused:
        text = str(refused)
        assert name in text
        assert "expected" in text
        assert "got" in text
        assert len(text.splitlines()) <= 3, text
    else:
        assert table[name].type == LABELLED_ARROW.field(name).type


@pytest.mark.parametrize("kind", [*STRANGE])
def test_further_columns_may_be_of_any_type(read, kind):
    assert len(read(further=STRANGE[kind], scenario=STRANGE[kind])) == ROWS


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59Z", "9999-12-31 23:59:59.999999999+00:00"])
def test_a_time_for_never_is_refused_with_what_to_do(refusal, never):
    text = refusal(label_time=[never, *["2026-02-05T09:30:00Z"] * 5])
    assert "expected label_time from 2000 to 2099, got 1 other rows: label_time 9999-12-31" in text
    assert "Leave label_time empty where the label is not known yet" in text


@pytest.mark.parametrize(
    ("wrong", "unit"), [(1_767_600_000, "seconds"), (1_767_600_000_000_000, "microseconds")], ids=["s", "us"]
)
def test_times_of_two_units_are_told_with_the_unit(refusal, wrong, unit):
    right = [int(time.timestamp() * 1000) for time in columns()["event_time"].to_pylist()]
    mixed = pa.array([wrong, *right[1:]], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    text = refusal(event_time=mixed)
    assert "got 1 other rows: event_time" in text
    assert f"They look like {unit} read as milliseconds: convert them by their own unit" in text


def test_a_text_beyond_nanoseconds_is_no_time_of_another_century(refusal):
    """2^64 ns after 2026-01-05 lies in 2610, which Arrow reads as a nanosecond of 2026."""
    text = refusal(event_time=["2610-07-27T09:04:33Z", *["2026-01-05T09:30:00Z"] * 5])
    assert "got 1 other rows: event_time 2610-07-27" in text


def test_years_and_amounts_are_bounded_as_the_limits_say(tmp_path):
    path = tmp_path / "history.parquet"
    pq.write_table(pa.table(columns(currency=["EUR", "JPY"] * 3)), path)
    read_history(path, limits=FileLimits(first_year=2026, last_year=2026))
    with pytest.raises(UserError) as error:
        read_history(path, limits=FileLimits(records=Limits(max_amount_minor=1_000), first_year=2027))
    assert "expected event_time from 2027 to 2099" in str(error.value)
    assert "(bounds: files.first_year, files.last_year)" in str(error.value)
    assert "got 3 other rows: amount_minor 1458 (row 0" in str(error.value)


def test_two_currencies_of_one_customer_are_read(read):
    assert read(currency=["EUR", "JPY"] * 3)["currency"].to_pylist() == ["EUR", "JPY"] * 3


def test_a_file_of_labels_names_their_customers(tmp_path):
    path = tmp_path / "labels.parquet"
    whole = columns()
    names = ("transaction_id", "is_fraud", "label_time")
    pq.write_table(pa.table({name: whole[name] for name in names}), path)
    with pytest.raises(UserError, match=r"expected the column 'customer_id' \(string\)"):
        read_label_file(path)
    pq.write_table(pa.table({name: whole[name] for name in ("customer_id", *names)}), path)
    assert len(read_label_file(path)) == ROWS


def test_a_file_without_rows_is_refused_and_one_row_is_read(tmp_path):
    path = tmp_path / "history.parquet"
    pq.write_table(pa.table(columns()).slice(0, 0), path)
    with pytest.raises(UserError, match="expected transactions, got an empty file"):
        read_history(path)
    pq.write_table(pa.table(columns()).slice(0, 1), path)
    assert len(read_history(path)) == 1


def test_a_pandas_index_is_no_problem(tmp_path):
    path = tmp_path / "history.parquet"
    pa.table(columns()).to_pandas().set_index(pd.Index([10 * row for row in range(ROWS)])).to_parquet(path)
    assert len(read_history(path)) == ROWS


def test_a_file_without_labels_is_read_where_none_are_asked_for(read):
    assert read(TRANSACTION_ARROW, is_fraud=None, label_time=None).num_columns == len(TRANSACTION_ARROW)


@pytest.mark.parametrize("content", [b"id;card\n1;2\n", b"", b"PAR1"])
def test_what_is_no_parquet_is_said_in_one_line(tmp_path, content):
    path = tmp_path / "payments.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"expected a Parquet file at .*tutorial.md") as error:
        read_history(path)
    assert "\n" not in str(error.value)
