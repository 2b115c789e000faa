"""Random files in random dialects: values written are values imported, and what is imported is read by all commands."""

import csv
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.imports.file_import import import_file, open_source
from schemas.columns import read_history
from schemas.mapping.map_parser import parse_map
from tests.unit.schemas.mapping.maps import FIELDS

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PATTERNS = (
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y%m%d%H%M%S",
    "%d %b %Y %H:%M:%S",
    "iso",
    "epoch_s",
    "epoch_ms",
)
NAMES = ("id", "card", "shop", "kind", "amount", "currency", "paid_at", "fraud")
TEXTS = st.text(st.characters(codec="cp1252", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12)


@st.composite
def dialects(draw):
    """Draw separators that a file can have at the same time."""
    decimal = draw(st.sampled_from(".,"))
    return {
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"])),
        "separator": draw(st.sampled_from(",;\t|")),
        "quote": draw(st.sampled_from("\"'")),
        "decimal": decimal,
        "thousands": draw(st.sampled_from([sign for sign in ("", ",", ".", " ", "'") if sign != decimal])),
    }


@st.composite
def payments(draw):
    """Draw the values of a row."""
    return {
        "customer_id": draw(TEXTS),
        "merchant_id": draw(TEXTS),
        "amount_minor": draw(st.integers(0, 10**10)),
        "event_time": BEGIN + timedelta(seconds=draw(st.integers(0, 10**7))),
        "is_fraud": draw(st.sampled_from([True, False, None])),
    }


def amount_text(minor, dialect):
    text = f"{Decimal(minor) / 100:,.2f}"
    return text.translate({ord(","): dialect["thousands"], ord("."): dialect["decimal"]})


def time_text(moment, pattern):
    match pattern:
        case "iso":
            return moment.isoformat()
        case "epoch_s" | "epoch_ms":
            return str(round(moment.timestamp()) * (1_000 if pattern == "epoch_ms" else 1))
        case _:
            return moment.strftime(pattern)


def fields(pattern):
    return {
        **FIELDS,
        "event_time": {"column": "paid_at", "format": pattern},
        "is_fraud": {"column": "fraud", "true": "y", "false": "n"},
        "label_time": {"delay_days": 7},
    }


@settings(max_examples=60, deadline=None)
@given(dialects(), st.sampled_from(PATTERNS), st.lists(payments(), min_size=1, max_size=20))
def test_values_written_in_any_dialect_are_imported(dialect, pattern, rows):
    known = {"timezone": "UTC"} | {
        key: dialect[key] for key in ("encoding", "separator", "quote", "decimal", "thousands")
    }
    mapping = parse_map({"file": known, "transaction": fields(pattern)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payments.csv"
        with path.open("w", encoding=dialect["encoding"], newline="") as file:
            writer = csv.writer(file, delimiter=dialect["separator"], quotechar=dialect["quote"])
            writer.writerow(NAMES)
            for number, row in enumerate(rows):
                flag = {True: "Y", False: "N", None: ""}[row["is_fraud"]]
                cells = (
                    row["customer_id"],
                    row["merchant_id"],
                    "kind",
                    amount_text(row["amount_minor"], dialect),
                    "EUR",
                )
                writer.writerow((f"p-{number}", *cells, time_text(row["event_time"], pattern), flag))
        assert import_file(open_source(path, mapping.file), mapping, Path(folder) / "out").imported == len(rows)
        imported = read_history(Path(folder) / "out" / "transactions.parquet").to_pylist()
    by_id = {row["transaction_id"]: row for row in imported}
    assert [{name: by_id[f"p-{number}"][name] for name in row} for number, row in enumerate(rows)] == rows


MAX_ROWS = 20
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "1",
            "0",
            "-1",
            "1e9",
            "nan",
            "2026-01-01T00:00:00Z",
            "1999-01-01",
            "9999-12-31",
            "EUR",
            "\ufeffx",
            "x" * 300,
        ]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=10), min_size=1, max_size=MAX_ROWS), st.binary(max_size=50))
def test_rows_of_any_content_are_imported_or_rejected_and_imported_ones_are_read_by_all_commands(rows, tail):
    dialect = {"encoding": "utf-8", "separator": ",", "quote": '"', "header": True}
    located = fields("iso") | {"latitude": "shop", "longitude": "amount"}
    mapping = parse_map({"file": dialect, "transaction": located})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payments.csv"
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(NAMES)
            for number in range(MAX_ROWS + 1):  # most rows decide on the number of columns
                writer.writerow((f"p-{number}", "c", "1", "k", "2", "EUR", "2026-01-01T00:00:00Z", "y"))
            writer.writerows(rows)
        path.write_bytes(path.read_bytes() + tail)
        summary = import_file(open_source(path, mapping.file), mapping, Path(folder) / "out")
        assert len(read_history(Path(folder) / "out" / "transactions.parquet")) == summary.imported
