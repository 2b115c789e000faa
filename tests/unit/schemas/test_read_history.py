"""User files: read, or refused with one line for each mistake."""

import gzip
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.columns import LABELLED_ARROW, read_history
from schemas.errors import UserError
from schemas.file_limits import FileLimits
from schemas.validation import Limits
from tests.unit.schemas.history_columns import ROWS, START, at, columns


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
def test_values_that_the_job_would_refuse_are_named(refusal, changed, expected):
    assert expected in refusal(**changed)


def test_merchant_named_na_is_not_missing(read):
    assert read(merchant_id=["NA"] * ROWS)["merchant_id"].to_pylist() == ["NA"] * ROWS


def test_missing_location_may_be_nan_or_absent(read):
    nan = [float("nan")] * ROWS
    assert read(latitude=nan, longitude=nan)["latitude"].null_count == ROWS
    assert read()["latitude"].null_count == ROWS


def test_all_mistakes_of_a_file_are_reported_at_once(refusal):
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
    for mentioned in ("'currency'", "is_fraud:", "event_time:", "amount_minor -5", "merchant_id:", "latitude"):
        assert any(mentioned in line for line in lines[1:])


def test_rows_are_sorted_by_time_and_equal_times_keep_the_sequence_of_the_file(read):
    times = pa.array(
        [START, START - timedelta(1), START, START - timedelta(1), START, START], pa.timestamp("ms", "UTC")
    )
    assert read(event_time=times)["transaction_id"].to_pylist() == ["t-1", "t-3", "t-0", "t-2", "t-4", "t-5"]


def test_repeated_transactions_of_a_customer_are_a_warning(read, caplog):
    read(transaction_id=["1"] * ROWS, customer_id=["a", "a", "b", "c", "d", "e"])
    assert "1 rows repeat a transaction_id of the same customer" in caplog.text


def test_equal_ids_of_two_customers_are_no_repetition(read, caplog):
    read(transaction_id=["b\0c", "c", *"1111"], customer_id=["a", "a\0b", *"wxyz"])
    assert "repeat" not in caplog.text


def test_duplicate_columns_are_refused(tmp_path):
    path = tmp_path / "history.parquet"
    whole = pa.table(columns())
    pq.write_table(pa.Table.from_arrays([*whole.columns, whole[0]], [*whole.column_names, "customer_id"]), path)
    with pytest.raises(UserError, match=r"expected each column once, got customer_id more than once\. Rename or drop"):
        read_history(path)


def test_missing_columns_are_one_line_with_suggested_names(tmp_path):
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


def test_folder_is_refused_as_a_folder(tmp_path):
    pq.write_table(pa.table(columns()), tmp_path / "part-0.parquet")
    with pytest.raises(UserError, match=r"expected a Parquet file at .*, got a folder"):
        read_history(tmp_path)


def test_compressed_file_is_refused_as_compressed(tmp_path):
    pq.write_table(pa.table(columns()), tmp_path / "history.parquet")
    packed = tmp_path / "history.parquet.gz"
    packed.write_bytes(gzip.compress((tmp_path / "history.parquet").read_bytes()))
    with pytest.raises(UserError, match="It is compressed: unpack it with gunzip first") as error:
        read_history(packed)
    assert "\n" not in str(error.value)


UNUSUAL_COLUMNS = {
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
@pytest.mark.parametrize("kind", [*UNUSUAL_COLUMNS])
def test_columns_of_any_type_are_read_or_refused_by_their_name(read, name, kind):
    try:
        table = read(**{name: UNUSUAL_COLUMNS[kind]})
    except UserError as refused:
        text = str(refused)
        assert name in text
        assert "expected" in text
        assert "got" in text
        assert len(text.splitlines()) <= 3, text
    else:
        assert table[name].type == LABELLED_ARROW.field(name).type


@pytest.mark.parametrize("kind", [*UNUSUAL_COLUMNS])
def test_further_columns_may_be_of_any_type(read, kind):
    assert len(read(further=UNUSUAL_COLUMNS[kind], scenario=UNUSUAL_COLUMNS[kind])) == ROWS


def test_years_and_amounts_are_bounded_by_the_limits(tmp_path):
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


def test_file_without_rows_is_refused_and_one_row_is_read(tmp_path):
    path = tmp_path / "history.parquet"
    pq.write_table(pa.table(columns()).slice(0, 0), path)
    with pytest.raises(UserError, match="expected transactions, got an empty file"):
        read_history(path)
    pq.write_table(pa.table(columns()).slice(0, 1), path)
    assert len(read_history(path)) == 1


def test_pandas_index_is_ignored(tmp_path):
    path = tmp_path / "history.parquet"
    pa.table(columns()).to_pandas().set_index(pd.Index([10 * row for row in range(ROWS)])).to_parquet(path)
    assert len(read_history(path)) == ROWS


@pytest.mark.parametrize("content", [b"id;card\n1;2\n", b"", b"PAR1"])
def test_file_that_is_no_parquet_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "payments.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"expected a Parquet file at .*Import a CSV with `import`") as error:
        read_history(path)
    assert "\n" not in str(error.value)
