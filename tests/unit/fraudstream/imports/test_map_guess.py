"""Guessed maps."""

import tomllib

import pytest

from fraudstream.imports.file_import import import_file, open_source
from fraudstream.imports.map_sample import guess_map_of
from fraudstream.imports.map_text import map_text
from schemas.columns import read_history
from schemas.errors import UserError
from schemas.mapping.map_parser import parse_map
from schemas.mapping.transaction_map import FileFormat
from tests.cards import card_numbers

ROWS = 200
DAYS = [f"{1 + number % 28:02}" for number in range(ROWS)]
FRAUD = [number % 50 == 0 for number in range(ROWS)]


def write(path, columns, separator=",", encoding="utf-8"):
    lines = [separator.join(columns), *(separator.join(cells) for cells in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def guessed(tmp_path, columns, **options):
    """Return the tables of the guessed map, and its text."""
    path = write(tmp_path / "payments.csv", columns, **options)
    text = map_text(guess_map_of(open_source(path, FileFormat())), path)
    return tomllib.loads(text), text


def repeat(*values):
    return [values[number % len(values)] for number in range(ROWS)]


def ids(prefix, count=ROWS):
    return [f"{prefix}{number % count}" for number in range(ROWS)]


ENGLISH = {
    "TransactionID": ids("t-"),
    "card_token": ids("c-", 30),
    "merchant": ids("m-", 20),
    "mcc": repeat("5411", "5812"),
    "channel": repeat("pos", "ecom"),
    "amt": [f"{number}.50" for number in range(ROWS)],
    "ccy": repeat("EUR", "USD"),
    "ts": [f"2026-01-{day}T09:30:00Z" for day in DAYS],
    "fraud_flag": ["Y" if fraud else "N" for fraud in FRAUD],
    "reported_at": [f"2026-02-{day}T09:30:00Z" for day in DAYS],
    "lat": repeat("52.5", "48.1"),
    "lon": repeat("13.4", "11.6"),
}
GERMAN = {
    "Vorgangs-Nr": ids("V"),
    "Kartennummer": card_numbers(ROWS),
    "Händler": ids("H", 20),
    "Branche": repeat("Kiosk", "Tankstelle"),
    "Betrag": [f"1.{number:03},50" for number in range(ROWS)],
    "Währung": repeat("EUR"),
    "Datum": [f"{day}.01.2026" for day in DAYS],
    "Uhrzeit": [f"{number % 24:02}:30" for number in range(ROWS)],
    "Rückbuchung am": [f"{day}.02.2026" if fraud else "" for day, fraud in zip(DAYS, FRAUD, strict=True)],
}
FRENCH = {
    "id_transaction": ids("t"),
    "compte": ids("c", 30),
    "commerçant": ids("m", 20),
    "montant": [f"{number},50" for number in range(ROWS)],
    "devise": repeat("EUR"),
    "date_operation": [f"{day}/01/2026 09:30:00" for day in DAYS],
    "fraude": repeat("oui", "non"),
}


@pytest.mark.parametrize(
    ("columns", "options", "fields"),
    [
        (
            ENGLISH,
            {},
            {
                "transaction_id": "TransactionID",
                "customer_id": "card_token",
                "merchant_id": "merchant",
                "merchant_category": "mcc",
                "transaction_type": "channel",
                "amount_minor": "amt",
                "currency": "ccy",
                "latitude": "lat",
                "longitude": "lon",
                "event_time": "ts",
                "is_fraud": {"column": "fraud_flag", "true": "y", "false": "n"},
                "label_time": "reported_at",
            },
        ),
        (
            GERMAN,
            {"separator": ";", "encoding": "cp1252"},
            {
                "transaction_id": "Vorgangs-Nr",
                "customer_id": {"column": "Kartennummer", "hash": True},
                "merchant_id": "Händler",
                "merchant_category": "Branche",
                "transaction_type": {"constant": "purchase"},
                "amount_minor": "Betrag",
                "currency": "Währung",
                "event_time": {"columns": ["Datum", "Uhrzeit"], "format": "%d.%m.%Y %H:%M"},
                "is_fraud": {"column": "Rückbuchung am", "filled": True},
                "label_time": {"column": "Rückbuchung am", "format": "%d.%m.%Y", "delay_days": 30},
            },
        ),
        (
            FRENCH,
            {"separator": "\t", "encoding": "utf-16"},
            {
                "transaction_id": "id_transaction",
                "customer_id": "compte",
                "merchant_id": "commerçant",
                "merchant_category": {"constant": "unknown"},
                "transaction_type": {"constant": "purchase"},
                "amount_minor": "montant",
                "currency": "devise",
                "event_time": {"column": "date_operation", "format": "%d/%m/%Y %H:%M:%S"},
                "is_fraud": {"column": "fraude", "true": "oui", "false": "non"},
                "label_time": {"delay_days": 30},
            },
        ),
    ],
)
def test_fields_are_found_by_names_and_contents(tmp_path, columns, options, fields):
    tables, _ = guessed(tmp_path, columns, **options)
    assert tables["transaction"] == fields


@pytest.mark.parametrize("columns", [ENGLISH, GERMAN, FRENCH])
def test_guessed_map_imports_its_file(tmp_path, columns):
    tables, _ = guessed(tmp_path, columns, separator=";")
    mapping = parse_map(tables)
    source = open_source(tmp_path / "payments.csv", mapping.file)
    assert import_file(source, mapping, tmp_path / "out", key=b"k" * 16).imported == ROWS
    assert len(read_history(tmp_path / "out" / "transactions.parquet")) == ROWS


def test_fields_that_are_not_found_are_named(tmp_path):
    path = write(tmp_path / "payments.csv", {name: FRENCH[name] for name in ("compte", "montant", "date_operation")})
    path.write_text(path.read_text().replace(",50", ".50"))
    found = guess_map_of(open_source(path, FileFormat()))
    assert {"transaction_id", "merchant_id", "merchant_category", "transaction_type", "currency"} <= set(found.missing)
    assert 'transaction_id = { columns = ["compte", "date_operation", "montant"] }' in map_text(found, path)


def test_card_numbers_are_in_no_comment(tmp_path):
    _, text = guessed(tmp_path, GERMAN | {"Zweitkarte": card_numbers(ROWS, seed=8)}, separator=";")
    assert not [card for card in (*card_numbers(ROWS), *card_numbers(ROWS, seed=8)) if card in text]
    assert "card numbers: left out\n# zweitkarte" in text


def test_day_and_month_that_may_be_swapped_are_marked_as_ambiguous(tmp_path):
    days = [f"0{1 + number % 9}/0{1 + number % 5}/2026 10:00" for number in range(ROWS)]
    _, text = guessed(tmp_path, ENGLISH | {"ts": days})
    assert "AMBIGUOUS: %m/%d/%Y %H:%M fits too" in text


def test_times_without_a_zone_get_an_assumed_one(tmp_path):
    tables, text = guessed(tmp_path, ENGLISH | {"ts": [f"2026-01-{day} 09:30" for day in DAYS]})
    assert tables["file"]["timezone"] == "UTC"
    assert "ASSUMED: the times have no zone" in text


@pytest.mark.parametrize(
    ("unit", "factor"), [("epoch_s", 1), ("epoch_ms", 10**3), ("epoch_us", 10**6), ("epoch_ns", 10**9)]
)
def test_unit_of_numbers_since_1970_is_found(tmp_path, unit, factor):
    times = [str((1_767_259_800 + number) * factor) for number in range(ROWS)]
    tables, _ = guessed(tmp_path, ENGLISH | {"ts": times})
    assert tables["transaction"]["event_time"] == {"column": "ts", "format": unit}


def test_further_columns_get_their_kinds(tmp_path):
    further = {
        "risk score": [f"{number}.25" for number in range(ROWS)],
        "bin": repeat("411111", "555555"),
        "3DS": repeat("Y", "N"),
        "born": [f"19{number % 90 + 10}-01-01" for number in range(ROWS)],
        "first_seen": [f"2025-01-{day} 10:00" for day in DAYS],
        "note": ids("a long text of its own "),
        "constant": repeat("x"),
        "empty": repeat(""),
    }
    tables, text = guessed(tmp_path, ENGLISH | further)
    assert tables["columns"] == {
        "risk_score": {"kind": "number", "column": "risk score"},
        "bin": "category",
        "column_3_ds": {"kind": "flag", "column": "3DS", "true": "y", "false": "n"},
        "born": "time",
        "first_seen": "time",
        "note": "text",
    }
    assert "the same in each row: left out\n# constant" in text
    assert "empty: left out\n# empty" in text


def test_names_of_further_columns_are_unique_and_no_fields(tmp_path):
    names = ("Risk", "risk", "RISK!", "label_time2", "Amount", "???", "currency", "Currency")
    tables, text = guessed(tmp_path, ENGLISH | {name: [f"{number}.25" for number in range(ROWS)] for name in names})
    assert {name for name in tables["columns"] if not name.startswith("column")} == {
        "risk", "risk_2", "risk_3", "label_time2", "amt", "currency_2", "currency_3",
    }  # fmt: skip
    assert "column" in text


@pytest.mark.parametrize("name", ["amount_cents", "amount_minor"])
def test_amounts_in_minor_units_are_found_by_their_name(tmp_path, name):
    columns = {name if column == "amt" else column: cells for column, cells in ENGLISH.items()}
    tables, _ = guessed(tmp_path, columns | {name: [str(number) for number in range(ROWS)]})
    assert tables["transaction"]["amount_minor"] == {"column": name, "unit": "minor"}


def test_negative_payments_of_an_account_are_inverted(tmp_path):
    tables, _ = guessed(tmp_path, ENGLISH | {"amt": [f"-{number}.50" for number in range(ROWS)]})
    assert tables["transaction"]["amount_minor"] == {"column": "amt", "negative": "invert"}


def test_file_without_rows_has_no_map(tmp_path):
    (tmp_path / "payments.csv").write_text("id,card\n")
    with pytest.raises(UserError, match="expected rows of CSV, got a header alone"):
        guess_map_of(open_source(tmp_path / "payments.csv", FileFormat()))
