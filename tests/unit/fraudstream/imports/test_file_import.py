"""Import of CSV and Parquet files."""

import bz2
import csv
import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.imports.csv_file import CsvFile
from fraudstream.imports.file_import import import_file, open_source
from schemas.columns import TRANSACTION_ARROW, known_labels, read_history, read_label_file
from schemas.errors import UserError
from schemas.mapping.map_parser import parse_map
from schemas.mapping.transaction_map import FileFormat
from tests.cards import TEST_CARDS
from tests.unit.fraudstream.imports.csv_files import FIRST, HEADER, SECOND, imported, row, write
from tests.unit.schemas.mapping.maps import LABELS, tables

LINES = (HEADER, FIRST, SECOND)


def transactions(folder):
    return read_history(folder / "out" / "transactions.parquet")


def rejected(folder):
    with (folder / "out" / "rejected.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_files_are_read_by_all_commands(tmp_path):
    summary = imported(write(tmp_path, *LINES))
    table = transactions(tmp_path)
    assert table["transaction_id"].to_pylist() == ["p-1", "p-2"]
    assert table["merchant_id"].to_pylist() == ["NA", "Café"]
    assert table["customer_id"].to_pylist() == ["007", "007"]
    assert table["amount_minor"].to_pylist() == [1458, 310]
    assert read_history(tmp_path / "out" / "history.parquet")["transaction_id"].to_pylist() == ["p-1"]
    assert read_label_file(tmp_path / "out" / "labels.parquet")["is_fraud"].to_pylist() == [True, False]
    assert summary.to_dict() == {
        "read": 2,
        "blank": 0,
        "imported": 2,
        "rejected": {},
        "examples": {},
        "first": "2026-01-01T09:30:00.250+00:00",
        "last": "2026-01-20T09:30:00.000+00:00",
        "customers": 1,
        "labelled": 2,
        "frauds": 1,
        "fraud_rate": 0.5,
    }


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encoding_is_detected(tmp_path, encoding):
    assert imported(write(tmp_path, *LINES, encoding=encoding)).imported == 2
    assert transactions(tmp_path)["merchant_id"].to_pylist() == ["NA", "Café"]


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "iso8859_15"])
def test_encoding_may_be_set(tmp_path, encoding):
    name = {"cp1251": "Магазин", "shift_jis": "商店", "iso8859_15": "Œuvre €"}[encoding]
    imported(write(tmp_path, HEADER, FIRST, row(2, shop=name), encoding=encoding), file={"encoding": encoding})
    assert transactions(tmp_path)["merchant_id"].to_pylist() == ["NA", name]


def test_unknown_encoding_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"expected an encoding such as utf-8 or cp1252, got 'utf9'"):
        imported(write(tmp_path, *LINES), file={"encoding": "utf9"})


def test_bytes_that_are_no_text_reject_their_row(tmp_path):
    path = write(tmp_path, *LINES, encoding="utf-8")
    path.write_bytes(path.read_bytes() + row(3, shop="Bar").encode().replace(b"Bar", b"B\xe4r"))
    assert imported(path, file={"encoding": "utf-8"}).imported == 2
    assert rejected(tmp_path)[0]["reason"] == "UNDECODABLE"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_quotes_and_line_ends_are_detected(tmp_path, separator, quote, end):
    cells = row(3, shop="x").split(",")
    cells[2] = f"{quote}Anna{separator}{end}{quote}{quote}Sons{quote}{quote}{quote}"
    lines = [separator.join(line.split(",")) for line in LINES]
    imported(write(tmp_path, *lines, separator.join(cells), end=end))
    assert transactions(tmp_path)["merchant_id"].to_pylist()[1:] == ["Café", f"Anna{separator}{end}{quote}Sons{quote}"]


def test_apostrophes_are_no_quotes(tmp_path):
    imported(write(tmp_path, HEADER, FIRST, row(2, shop="'t Hof"), row(3, shop="Joe's")))
    assert transactions(tmp_path)["merchant_id"].to_pylist() == ["NA", "'t Hof", "Joe's"]


def test_decimal_commas_and_thousands_points_are_parsed(tmp_path):
    lines = [line.replace(",", ";") for line in LINES]
    lines += [row(3, amount="x").replace(",", ";").replace("x", "1.234,56")]
    imported(write(tmp_path, *(line.replace("14.58", "14,58").replace("3.10", "3,10") for line in lines)),
             file={"decimal": ",", "thousands": "."})  # fmt: skip
    assert transactions(tmp_path)["amount_minor"].to_pylist() == [1458, 310, 123456]


def test_repeated_header_names_are_numbered(tmp_path):
    path = write(tmp_path, f"{HEADER},shop", f"{FIRST},a", f"{SECOND},b")
    imported(path, merchant_id="shop_2")
    assert transactions(tmp_path)["merchant_id"].to_pylist() == ["a", "b"]


def test_file_without_a_header_has_numbered_columns(tmp_path):
    names = {name: f"column_{number}" for number, name in enumerate(HEADER.split(","), 1)}
    mapping = tables(**LABELS)["transaction"]
    fields = {name: names[field] for name, field in mapping.items() if isinstance(field, str)}
    assert imported(write(tmp_path, FIRST, SECOND), **fields).imported == 2


@pytest.mark.parametrize("ending", [",", ",,,"])
def test_trailing_separators_are_no_columns(tmp_path, ending):
    assert imported(write(tmp_path, HEADER, FIRST + ending, SECOND + ending)).imported == 2


def test_ragged_rows_are_rejected_with_their_numbers_and_the_others_imported(tmp_path):
    path = write(tmp_path, HEADER, FIRST, "p-7,c", SECOND, f"{row(4)},more", row(5, amount="free"))
    assert imported(path).imported == 2
    assert [(one["row"], one["reason"]) for one in rejected(tmp_path)] == [
        ("2", "UNDECODABLE"),
        ("4", "UNDECODABLE"),
        ("5", "INVALID_AMOUNT"),
    ]
    assert rejected(tmp_path)[0]["detail"] == "expected 9 columns, got 2"


def test_rows_of_many_parts_keep_their_numbers(tmp_path):
    lines = [
        row(number, amount="free") if number % 100 == 7 else "x" if number % 100 == 9 else row(number)
        for number in range(1, 5_001)
    ]
    path = write(tmp_path, HEADER, *lines)
    source = CsvFile(path, FileFormat(), block_bytes=10_000)
    mapping = parse_map(tables(**LABELS))
    assert import_file(source, mapping, tmp_path / "out").imported == 4_900
    expected = sorted([*range(7, 5_001, 100), *range(9, 5_001, 100)])
    assert [int(one["row"]) for one in rejected(tmp_path)] == expected


def test_blank_lines_are_no_rows(tmp_path):
    summary = imported(write(tmp_path, HEADER, FIRST, "", ",,,,,,,,", SECOND, "", ""))
    assert (summary.imported, summary.read) == (2, 2)


@pytest.mark.parametrize(
    ("pack", "ending"), [(gzip.compress, "csv.gz"), (gzip.compress, "csv"), (bz2.compress, "csv.bz2")]
)
def test_compressed_file_is_unpacked(tmp_path, pack, ending):
    path = tmp_path / f"payments.{ending}"
    path.write_bytes(pack("\n".join(LINES).encode()))
    assert imported(path).imported == 2


def test_cut_off_compressed_file_is_refused(tmp_path):
    path = tmp_path / "payments.csv.gz"
    lines = "\n".join((HEADER, *(row(number, shop=str(hash(str(number)))) for number in range(30_000))))
    path.write_bytes(gzip.compress(lines.encode())[:-500])
    with pytest.raises(UserError, match="expected a whole gzip file"):
        imported(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "expected rows of CSV, got an empty file"),
        (b"\n\n", "expected rows of CSV, got an empty file"),
        (HEADER.encode(), "expected rows of CSV, got a header alone"),
        (b"PK\x03\x04zip", "got a zip archive or a workbook"),
        (b"PAR1 or not", "expected Parquet at"),
    ],
)
def test_file_without_rows_is_refused(tmp_path, content, problem):
    path = tmp_path / "payments.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=problem):
        imported(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"expected a file at .*No such file"):
        imported(tmp_path / "none.csv")


def test_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"expected a file at .*Is a directory"):
        imported(tmp_path)


def test_column_that_the_file_lacks_is_named_with_the_nearest(tmp_path):
    with pytest.raises(UserError, match=r"expected a column 'crad' for customer_id, found none: did you mean card\?"):
        imported(write(tmp_path, *LINES), customer_id="crad")


def test_open_quote_is_refused_in_words(tmp_path):
    mapping = parse_map(tables(**LABELS))
    path = write(tmp_path, HEADER, FIRST, row(2, shop='"open'), *(row(number) for number in range(3, 40_000)))
    source = CsvFile(path, FileFormat(quote='"'), block_bytes=1 << 20)
    with pytest.raises(UserError, match="expected rows of at most 1 MB, got a longer one, as after an open quote"):
        import_file(source, mapping, tmp_path / "out")


def test_file_whose_rows_all_fail_is_refused_and_its_rejections_are_written(tmp_path):
    with pytest.raises(UserError, match=r"got 2 rows that do not convert.*(?s:.*)INVALID_AMOUNT 2, such as row 1"):
        imported(write(tmp_path, HEADER, row(1, amount="x"), row(2, amount="y")))
    assert len(rejected(tmp_path)) == 2
    assert not (tmp_path / "out" / "transactions.parquet").exists()


def test_card_numbers_reach_no_file(tmp_path):
    with pytest.raises(UserError, match="expected no card numbers"):
        imported(write(tmp_path, HEADER, FIRST, *(row(number, card=card) for number, card in enumerate(TEST_CARDS))))
    assert list((tmp_path / "out").iterdir()) == []


def test_failed_import_leaves_the_files_of_the_previous_one(tmp_path):
    imported(write(tmp_path, *LINES))
    with pytest.raises(UserError):
        imported(write(tmp_path, HEADER, *(row(number, card=card) for number, card in enumerate(TEST_CARDS))))
    assert len(transactions(tmp_path)) == 2


def test_file_without_labels_has_transactions_alone(tmp_path):
    imported(write(tmp_path, *LINES))
    imported(write(tmp_path, *LINES), is_fraud=None, label_time=None)
    out = tmp_path / "out"
    assert len(read_history(out / "transactions.parquet", TRANSACTION_ARROW)) == 2
    assert not (out / "labels.parquet").exists()


@pytest.mark.parametrize(("fraud", "known_at"), [("", ""), ("0", ""), ("", "2026-01-28T09:30:00Z")])
def test_unknown_outcome_is_no_label(tmp_path, fraud, known_at):
    imported(write(tmp_path, *LINES, row(3, fraud=fraud, reported_at=known_at)))
    assert known_labels(transactions(tmp_path))["transaction_id"].to_pylist() == ["p-1", "p-2"]


def test_parquet_file_is_read_in_its_own_types(tmp_path):
    path = tmp_path / "payments.parquet"
    times = pa.array([1767259800250, 1767259900250], pa.timestamp("ms", tz="UTC"))
    table = pa.table(
        {
            "id": [1, 2],
            "card": pa.array(["a", "b"]).dictionary_encode(),
            "shop": pa.array([b"x", b"y"]),
            "kind": pa.array(["k", "k"], pa.large_string()),
            "amount": [14.58, 1e6],
            "currency": ["EUR", "EUR"],
            "paid_at": times,
            "fraud": [True, False],
            "reported_at": times.cast(pa.timestamp("us", tz="Europe/Berlin")),
        }
    )
    pq.write_table(table, path)
    imported(path)
    read = transactions(tmp_path)
    assert read["transaction_id"].to_pylist() == ["1", "2"]
    assert read["amount_minor"].to_pylist() == [1458, 100_000_000]
    assert read["event_time"].cast(pa.int64()).to_pylist() == [1767259800250, 1767259900250]
    assert read["is_fraud"].to_pylist() == [True, False]


def test_nested_parquet_column_is_refused(tmp_path):
    path = tmp_path / "payments.parquet"
    pq.write_table(pa.table({name: [["x"]] for name in HEADER.split(",")}), path)
    with pytest.raises(UserError, match="expected texts, numbers or times as id, got list"):
        imported(path)


def test_source_is_recognised_by_its_content(tmp_path):
    assert open_source(write(tmp_path, *LINES), FileFormat()).names == tuple(HEADER.split(","))
