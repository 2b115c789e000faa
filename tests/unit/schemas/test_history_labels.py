"""Labels of user files: read, or refused with their values."""

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.columns import TRANSACTION_ARROW, known_labels, read_label_file
from schemas.errors import UserError
from tests.unit.schemas.history_columns import ROWS, START, columns

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
def test_other_flags_are_refused_with_counts_of_their_values(refusal, flags, expected):
    assert expected in refusal(is_fraud=flags)


def test_counts_of_many_flag_values_are_abbreviated(refusal):
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
def test_empty_flag_is_an_unknown_label(read, flags):
    table = read(is_fraud=flags)
    assert table["is_fraud"].to_pylist()[0] is None
    assert table["label_time"].to_pylist()[0] is None
    assert known_labels(table)["transaction_id"].to_pylist() == [f"t-{row}" for row in range(1, ROWS)]


def test_label_without_a_time_is_unknown(read, caplog):
    times = columns()["label_time"].to_pylist()
    table = read(label_time=pa.array([None, *times[1:]], pa.timestamp("ms", "UTC")))
    assert table["is_fraud"].to_pylist()[0] is None
    assert len(known_labels(table)) == ROWS - 1
    assert "1 rows have no label" in caplog.text


def test_label_file_needs_customer_ids(tmp_path):
    path = tmp_path / "labels.parquet"
    whole = columns()
    names = ("transaction_id", "is_fraud", "label_time")
    pq.write_table(pa.table({name: whole[name] for name in names}), path)
    with pytest.raises(UserError, match=r"expected the column 'customer_id' \(string\)"):
        read_label_file(path)
    pq.write_table(pa.table({name: whole[name] for name in ("customer_id", *names)}), path)
    assert len(read_label_file(path)) == ROWS


def test_file_without_labels_is_read_where_none_are_needed(read):
    assert read(TRANSACTION_ARROW, is_fraud=None, label_time=None).num_columns == len(TRANSACTION_ARROW)
