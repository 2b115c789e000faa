"""The tutorial's conversion, on CSV files as people have them."""

import subprocess
import sys

import pytest

from runtime.host.folders import PROJECT_ROOT
from schemas.columns import known_labels, read_history
from schemas.errors import UserError

PAGE = (PROJECT_ROOT / "docs" / "tutorial.md").read_text()
SCRIPT = PAGE.split("<<'PYTHON'\n")[1].split("PYTHON\n")[0]
SETTINGS = 'SEPARATOR, DECIMAL, ENCODING = ",", ".", "utf-8-sig"'

HEADER = "id,card,shop,kind_of_shop,channel,amount,currency,paid_at,fraud,reported_at"
FIRST = "p-1,007,NA,grocery,purchase,14.58,EUR,2026-01-01T09:30:00.250Z,1,2026-01-08T09:30:00Z"
SECOND = "p-2,007,Café,grocery,purchase,3.10,EUR,2026-01-20T09:30:00Z,0,2026-01-28T09:30:00Z"


@pytest.fixture
def converted(tmp_path):
    def converted(*lines, settings=SETTINGS, encoding="utf-8"):
        (tmp_path / "payments.csv").write_text("\n".join((HEADER, FIRST, SECOND, *lines)), encoding=encoding)
        if '";"' in settings:
            text = (tmp_path / "payments.csv").read_text(encoding=encoding)
            (tmp_path / "payments.csv").write_text(text.replace(",", ";").replace("14.58", "14,58"), encoding=encoding)
        assert SETTINGS in SCRIPT
        done = subprocess.run(  # noqa: S603  (our own page)
            [sys.executable, "-c", SCRIPT.replace(SETTINGS, settings)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return tmp_path / "payments.parquet"

    return converted


def test_a_shop_called_na_and_a_card_with_zeros_keep_their_names(converted):
    table = read_history(converted())
    assert table["merchant_id"].to_pylist() == ["NA", "Café"]
    assert table["customer_id"].to_pylist() == ["007", "007"]
    assert table["amount_minor"].to_pylist() == [1458, 310]


@pytest.mark.parametrize(("fraud", "known_at"), [("", ""), ("0", ""), ("", "2026-01-28T09:30:00Z")])
def test_what_is_not_known_yet_is_no_label_and_no_fraud(converted, fraud, known_at):
    row = f"p-3,c,m,grocery,purchase,1.00,EUR,2026-01-22T09:30:00Z,{fraud},{known_at}"
    table = read_history(converted(row))
    assert table["is_fraud"].to_pylist() == [True, False, None]
    assert known_labels(table)["transaction_id"].to_pylist() == ["p-1", "p-2"]


def test_refunds_are_left_out_and_payments_without_a_shop_stay(converted):
    refund = "p-3,c,m,grocery,refund,-5.00,EUR,2026-01-22T09:30:00Z,0,2026-01-28T09:30:00Z"
    no_shop = "p-4,c,,grocery,purchase,5.00,EUR,2026-01-22T09:30:00Z,0,2026-01-28T09:30:00Z"
    table = read_history(converted(refund, no_shop))
    assert table["transaction_id"].to_pylist() == ["p-1", "p-2", "p-4"]
    assert table["merchant_id"].to_pylist()[-1] == "none"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_a_name(converted, encoding):
    assert len(read_history(converted(encoding=encoding))) == 2


def test_semicolons_decimal_commas_and_cp1252_are_settings_of_the_script(converted):
    file = converted(settings='SEPARATOR, DECIMAL, ENCODING = ";", ",", "cp1252"', encoding="cp1252")
    table = read_history(file)
    assert table["merchant_id"].to_pylist() == ["NA", "Café"]
    assert table["amount_minor"].to_pylist()[0] == 1458


def test_local_times_and_empty_amounts_are_told_together(converted):
    row = "p-3,c,m,grocery,purchase,,EUR,2026-01-22 09:30,0,2026-01-28T09:30:00Z"
    with pytest.raises(UserError) as error:
        read_history(converted(row))
    assert "amount_minor: expected no nulls, got 1 (rows 2)" in str(error.value)
    assert "event_time: expected a time zone in every text or in none, got 1 without one of 3" in str(error.value)
