"""Rows of a team's columns as transactions."""

import hashlib
import hmac

import pytest

from schemas.file_limits import FileLimits
from schemas.mapping.transaction_map import MapError
from schemas.rejection import Reason
from schemas.validation import Limits
from tests.cards import TEST_CARDS
from tests.unit.schemas.mapping.maps import LABELS, convert, tables

KEY = b"a key of sixteen"


def values(name, mapping, *rows, **options):
    converted = convert(mapping, *rows, **options)
    assert converted.rejected.to_pylist() == []
    return converted.records[name].to_pylist()


def rejection(mapping, row, **options):
    """Return the rejection of a row that follows a good one."""
    converted = convert(mapping, {}, row, **options)
    assert converted.records.num_rows == 1
    (found,) = converted.rejected.to_pylist()
    assert found["row"] == 2
    return found


def test_row_is_converted_by_the_names_of_the_map():
    (row,) = convert(tables(**LABELS), {}).records.to_pylist()
    assert row["transaction_id"], row["amount_minor"] == ("p-1", 1458)
    assert row["transaction_type"] == "purchase"
    assert row["event_time"].isoformat() == "2026-01-01T09:30:00.250000+00:00"
    assert row["is_fraud"] is False


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("14.58", "EUR", 1458), ("1234", "JPY", 1234), ("1.234", "KWD", 1234), ("9e7", "EUR", 9 * 10**9)],
)  # fmt: skip
def test_amount_in_major_units_has_the_decimals_of_its_currency(amount, currency, minor):
    assert values("amount_minor", tables(), {"amount": amount, "currency": currency}) == [minor]


def test_amount_in_minor_units_is_as_written():
    assert values("amount_minor", tables(amount_minor={"column": "amount", "unit": "minor"}), {"amount": "1458"}) == [
        1458
    ]


@pytest.mark.parametrize(
    ("negative", "text", "minor"), [("absolute", "-5", 500), ("absolute", "5", 500), ("invert", "-5", 500)]
)
def test_negative_amounts_may_be_payments(negative, text, minor):
    assert values(
        "amount_minor", tables(amount_minor={"column": "amount", "negative": negative}), {"amount": text}
    ) == [minor]


@pytest.mark.parametrize(
    ("row", "reason", "column", "detail"),
    [
        ({"amount": "-5.00"}, Reason.INVALID_AMOUNT, "amount", "to the limit of its currency, got -500, 'EUR'"),
        ({"amount": "free"}, Reason.INVALID_AMOUNT, "amount", "more decimals than its currency has, got 'free'"),
        ({"amount": "14.585"}, Reason.INVALID_AMOUNT, "amount", "got '14.585'"),
        ({"amount": "1e30"}, Reason.INVALID_AMOUNT, "amount", "got '1e30'"),
        ({"amount": "100000000.01"}, Reason.INVALID_AMOUNT, "amount", "got 10000000001, 'EUR'"),
        ({"amount": ""}, Reason.INVALID_AMOUNT, "amount", "got ''"),
        ({"card": " "}, Reason.INVALID_ID, "card", "customer_id: expected a text of 1 to 256 bytes, got ''"),
        ({"id": "x" * 257}, Reason.INVALID_ID, "id", "transaction_id: expected a text of 1 to 256 bytes"),
        ({"kind": "x" * 257}, Reason.INVALID_TEXT, "kind", "merchant_category: expected a text of 0 to 256 bytes"),
        ({"shop": "Caf\ufffd"}, Reason.UNDECODABLE, "shop", "expected text in the file's encoding"),
        ({"card": "\ufeffc"}, Reason.KEY_MISMATCH, "card", "expected the record's key to be its customer_id"),
        ({"paid_at": "yesterday"}, Reason.INVALID_EVENT_TIME, "paid_at", "event_time: expected a time in ISO 8601"),
        ({"paid_at": "2026-01-01 09:30"}, Reason.INVALID_EVENT_TIME, "paid_at", "set timezone in the map"),
        ({"paid_at": "1999-12-31T23:59Z"}, Reason.EVENT_TIME_TOO_OLD, "paid_at", "expected a time from 2000 to 2099"),
        ({"paid_at": "2100-01-01T00:00Z"}, Reason.EVENT_TIME_AHEAD, "paid_at", "expected a time from 2000 to 2099"),
        ({"fraud": "maybe"}, Reason.UNDECODABLE, "fraud", "0 or false for false, got 'maybe'"),
        ({"reported_at": "soon"}, Reason.INVALID_LABEL_TIME, "reported_at", "label_time: expected a time in ISO 8601"),
        ({"reported_at": "2025-12-31T00:00Z"}, Reason.INVALID_LABEL_TIME, "reported_at", "from the event time on"),
        ({"reported_at": "2100-01-01T00:00Z"}, Reason.INVALID_LABEL_TIME, "reported_at", "a time from 2000 to 2099"),
    ],
)  # fmt: skip
def test_row_that_does_not_convert_is_rejected_with_its_reason(row, reason, column, detail):
    found = rejection(tables(**LABELS), row)
    assert (found["reason"], found["column"]) == (reason, column)
    assert detail in found["detail"]


@pytest.mark.parametrize(
    "row", [{"lat": "91", "lon": "0"}, {"lat": "5", "lon": ""}, {"lat": "", "lon": "5"}, {"lat": "north", "lon": "0"}]
)
def test_impossible_location_is_rejected(row):
    converted = convert(tables(latitude="lat", longitude="lon"), {"lat": "52.5", "lon": "13.4"}, row)
    assert converted.records["latitude"].to_pylist() == [52.5]
    assert converted.rejected["reason"].to_pylist() == [Reason.INVALID_PLACE]


def test_limits_of_the_settings_hold():
    limits = FileLimits(records=Limits(max_amount_minor=1_000), first_year=2026, last_year=2026)
    found = convert(tables(), {}, {"amount": "10.00"}, {"paid_at": "2025-12-31T23:00Z", "amount": "1"}, limits=limits)
    assert found.rejected["reason"].to_pylist() == [Reason.INVALID_AMOUNT, Reason.EVENT_TIME_TOO_OLD]


def test_seconds_that_are_mapped_as_milliseconds_are_named():
    mapping = tables(event_time={"column": "paid_at", "format": "epoch_ms"})
    (found,) = convert(mapping, {"paid_at": "1767259800"}).rejected.to_pylist()
    assert found["reason"] == Reason.EVENT_TIME_TOO_OLD
    assert "looks like seconds" in found["detail"]


def test_row_has_the_first_reason_alone():
    assert rejection(tables(**LABELS), {"card": "", "amount": "free", "paid_at": ""})["reason"] == Reason.INVALID_ID


def test_blank_rows_are_counted_and_rows_keep_their_numbers():
    blank = dict.fromkeys(("id", "card", "shop", "kind", "amount", "currency", "paid_at"), " ")
    converted = convert(tables(), {}, blank, {"amount": "free"})
    assert converted.blank == 1
    assert converted.rejected["row"].to_pylist() == [3]


def test_joined_id_and_time_come_from_two_columns():
    mapping = tables(
        merchant_id={"columns": ["kind", "shop"]},
        event_time={"columns": ["day", "clock"], "format": "%d.%m.%Y %H:%M"},
        file={"timezone": "Europe/Berlin"},
    )
    (row,) = convert(mapping, {"day": "01.02.2026", "clock": "09:30"}).records.to_pylist()
    assert row["merchant_id"] == "grocery/m-12"
    assert row["event_time"].isoformat() == "2026-02-01T08:30:00+00:00"


def test_default_is_the_value_of_an_empty_cell():
    assert values("merchant_id", tables(merchant_id={"column": "shop", "default": "none"}), {"shop": ""}) == ["none"]


def test_texts_that_mean_no_value_are_empty():
    mapping = tables(device_id="device", file={"empty": ["NULL", "n/a"]})
    assert values("device_id", mapping, {"device": "null"}, {"device": "N/A"}, {"device": "d"}) == [None, None, "d"]


@pytest.mark.parametrize(("fraud", "known_at"), [("", ""), ("1", ""), ("", "2026-01-28T09:30:00Z")])
def test_label_without_value_or_time_is_unknown(fraud, known_at):
    (row,) = convert(tables(**LABELS), {"fraud": fraud, "reported_at": known_at}).records.to_pylist()
    assert (row["is_fraud"], row["label_time"]) == (None, None)


def test_texts_of_a_flag_are_those_of_the_map():
    mapping = tables(is_fraud={"column": "fraud", "true": ["J", "F"], "false": "N"}, label_time="reported_at")
    assert values("is_fraud", mapping, {"fraud": "j"}, {"fraud": "F"}, {"fraud": "n"}) == [True, True, False]


def test_chargeback_date_is_label_and_its_time_and_the_others_are_genuine_after_a_delay():
    mapping = tables(
        is_fraud={"column": "chargeback", "filled": True},
        label_time={"column": "chargeback", "delay_days": 30},
        file={"timezone": "UTC"},
    )
    rows = convert(mapping, {"chargeback": "2026-01-01"}, {"chargeback": ""}).records.to_pylist()
    assert [row["is_fraud"] for row in rows] == [True, False]
    assert [row["label_time"].isoformat(timespec="seconds") for row in rows] == [
        "2026-01-01T23:59:59+00:00",  # the end of the day: the payment of that day was before
        "2026-01-31T09:30:00+00:00",
    ]


def test_further_columns_have_their_kinds():
    kinds = {
        "score": {"kind": "number", "decimal": ","},
        "mode": "category",
        "declined": {"kind": "flag", "true": "y", "false": "n"},
        "seen": {"kind": "time", "format": "epoch_s"},
        "risk": {"kind": "number", "column": "Risk in %"},
    }
    row = {"score": "0,5", "mode": "chip", "declined": "Y", "seen": "1767259800", "Risk in %": ""}
    (found,) = convert(tables(columns=kinds), row).records.to_pylist()
    assert (found["score"], found["mode"], found["declined"], found["risk"]) == (0.5, "chip", True, None)
    assert found["seen"].isoformat() == "2026-01-01T09:30:00+00:00"


def test_value_of_another_kind_is_rejected():
    converted = convert(tables(columns={"score": "number"}), {"score": "high"})
    (found,) = converted.rejected.to_pylist()
    assert (found["reason"], found["detail"]) == (Reason.UNDECODABLE, "score: expected a number, got 'high'")


def test_hashed_id_is_the_hmac_of_the_value_and_of_a_card_numbers_digits():
    mapping = tables(customer_id={"column": "card", "hash": True})
    cards = ("4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", "c-7")
    hashed = values("customer_id", mapping, *({"card": card} for card in cards), key=KEY)
    expected = [hmac.new(KEY, text, hashlib.sha256).hexdigest() for text in (b"4111111111111111", b"c-7")]
    assert hashed == [expected[0]] * 3 + [expected[1]]


def test_hashed_value_is_hidden_in_rejections():
    mapping = tables(customer_id={"column": "card", "hash": True})
    assert rejection(mapping, {"card": "x" * 300}, key=KEY)["value"] == "(hidden)"


def test_hashed_column_needs_a_key():
    with pytest.raises(MapError, match="expected a key"):
        convert(tables(customer_id={"column": "card", "hash": True}), {})


@pytest.mark.parametrize(
    "fields",
    [{}, {"customer_id": {"columns": ["shop", "card"]}}, {"customer_id": "shop", "device_id": "card"}],
)
def test_card_numbers_are_refused(fields):
    with pytest.raises(MapError, match=r"expected no card numbers, got \d+ in .*Hash them: ") as error:
        convert(tables(**fields), *({"card": card} for card in TEST_CARDS))
    assert not any(card in str(error.value) for card in TEST_CARDS)


@pytest.mark.parametrize("kind", ["number", "text", "category"])
def test_card_numbers_in_a_further_column_are_refused(kind):
    with pytest.raises(MapError, match=r"in pan \(as pan\)"):
        convert(tables(columns={"pan": kind}), *({"pan": card} for card in TEST_CARDS))


def test_card_numbers_that_are_declared_tokens_are_accepted():
    mapping = tables(customer_id={"column": "card", "token": True})
    assert values("customer_id", mapping, *({"card": card} for card in TEST_CARDS)) == list(TEST_CARDS)


def test_card_number_in_a_rejected_value_is_masked():
    found = rejection(tables(), {"amount": TEST_CARDS[0]})
    assert found["value"] == "****1111"
    assert TEST_CARDS[0] not in found["detail"]
