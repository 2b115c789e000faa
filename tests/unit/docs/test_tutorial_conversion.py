"""The tutorial's conversion script on realistic CSV files."""

import gzip
import subprocess
import sys

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from schemas.columns import known_labels, read_history
from schemas.errors import UserError

PAGE = (PROJECT_ROOT / "docs" / "tutorial.md").read_text()
SCRIPT = PAGE.split("<<'PYTHON'\n")[1].split("PYTHON\n")[0]
SETTINGS = 'SEPARATOR, DECIMAL, ENCODING = ",", ".", "utf-8-sig"'

HEADER = "id,card,shop,kind_of_shop,channel,amount,currency,paid_at,fraud,reported_at"
FIRST = "p-1,007,NA,grocery,purchase,14.58,EUR,2026-01-01T09:30:00.250Z,1,2026-01-08T09:30:00Z"
SECOND = "p-2,007,Café,grocery,purchase,3.10,EUR,2026-01-20T09:30:00Z,0,2026-01-28T09:30:00Z"


def run(folder, script):
    done = subprocess.run(  # noqa: S603  (a page of this project)
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def converted(tmp_path):
    def converted(*lines, settings=SETTINGS, encoding="utf-8"):
        (tmp_path / "payments.csv").write_text("\n".join((HEADER, FIRST, SECOND, *lines)), encoding=encoding)
        if '";"' in settings:
            text = (tmp_path / "payments.csv").read_text(encoding=encoding)
            (tmp_path / "payments.csv").write_text(text.replace(",", ";").replace("14.58", "14,58"), encoding=encoding)
        assert SETTINGS in SCRIPT
        run(tmp_path, SCRIPT.replace(SETTINGS, settings))
        return tmp_path / "payments.parquet"

    return converted


def test_merchant_named_na_and_card_with_leading_zeros_keep_their_names(converted):
    table = read_history(converted())
    assert table["merchant_id"].to_pylist() == ["NA", "Café"]
    assert table["customer_id"].to_pylist() == ["007", "007"]
    assert table["amount_minor"].to_pylist() == [1458, 310]


@pytest.mark.parametrize(("fraud", "known_at"), [("", ""), ("0", ""), ("", "2026-01-28T09:30:00Z")])
def test_unknown_outcome_is_no_label(converted, fraud, known_at):
    row = f"p-3,c,m,grocery,purchase,1.00,EUR,2026-01-22T09:30:00Z,{fraud},{known_at}"
    table = read_history(converted(row))
    assert table["is_fraud"].to_pylist() == [True, False, None]
    assert known_labels(table)["transaction_id"].to_pylist() == ["p-1", "p-2"]


def test_refunds_are_excluded_and_payments_without_a_merchant_stay(converted):
    refund = "p-3,c,m,grocery,refund,-5.00,EUR,2026-01-22T09:30:00Z,0,2026-01-28T09:30:00Z"
    no_shop = "p-4,c,,grocery,purchase,5.00,EUR,2026-01-22T09:30:00Z,0,2026-01-28T09:30:00Z"
    table = read_history(converted(refund, no_shop))
    assert table["transaction_id"].to_pylist() == ["p-1", "p-2", "p-4"]
    assert table["merchant_id"].to_pylist()[-1] == "none"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_byte_order_mark_is_not_part_of_a_name(converted, encoding):
    assert len(read_history(converted(encoding=encoding))) == 2


def test_semicolons_decimal_commas_and_cp1252_are_settings_of_the_script(converted):
    file = converted(settings='SEPARATOR, DECIMAL, ENCODING = ";", ",", "cp1252"', encoding="cp1252")
    table = read_history(file)
    assert table["merchant_id"].to_pylist() == ["NA", "Café"]
    assert table["amount_minor"].to_pylist()[0] == 1458


def test_trailing_delimiter_is_not_a_column(tmp_path):
    lines = (HEADER, f"{FIRST},", f"{SECOND},")
    (tmp_path / "payments.csv").write_text("\n".join(lines))
    run(tmp_path, SCRIPT)
    assert read_history(tmp_path / "payments.parquet")["transaction_id"].to_pylist() == ["p-1", "p-2"]


def test_quoted_line_breaks_and_delimiters_stay_in_their_cell(converted):
    row = 'p-3,c,"Anna\n& Sons, Ltd",grocery,purchase,1.00,EUR,2026-01-22T09:30:00Z,0,2026-01-28T09:30:00Z'
    assert read_history(converted(row))["merchant_id"].to_pylist()[-1] == "Anna\n& Sons, Ltd"


def test_utf_16_is_a_setting_of_the_script(converted):
    file = converted(settings='SEPARATOR, DECIMAL, ENCODING = ",", ".", "utf-16"', encoding="utf-16")
    assert len(read_history(file)) == 2


def test_compressed_file_is_read_by_its_full_name(tmp_path):
    with gzip.open(tmp_path / "payments.csv.gz", "wt") as file:
        file.write("\n".join((HEADER, FIRST, SECOND)))
    run(tmp_path, SCRIPT.replace("payments.csv", "payments.csv.gz"))
    assert len(read_history(tmp_path / "payments.parquet")) == 2


def test_invalid_amounts_are_reported_with_their_rows_and_all_other_problems(converted):
    with pytest.raises(UserError) as error:
        read_history(converted("p-3,c,m,grocery,purchase,free,EUR,2026-01-22T09:30:00Z,Y,"))
    assert "amount_minor: expected no nulls, got 1 (rows 2)" in str(error.value)
    assert "is_fraud: expected true/false or 0/1" in str(error.value)


def test_header_without_rows_is_an_empty_file(tmp_path):
    (tmp_path / "payments.csv").write_text(HEADER + "\n")
    run(tmp_path, SCRIPT)
    with pytest.raises(UserError, match="expected transactions, got an empty file"):
        read_history(tmp_path / "payments.parquet")


def test_local_times_and_empty_amounts_are_reported_together(converted):
    row = "p-3,c,m,grocery,purchase,,EUR,2026-01-22 09:30,0,2026-01-28T09:30:00Z"
    with pytest.raises(UserError) as error:
        read_history(converted(row))
    assert "amount_minor: expected no nulls, got 1 (rows 2)" in str(error.value)
    assert "event_time: expected a time zone in every text or in none, got 1 without one of 3" in str(error.value)
