"""Numbers as texts."""

import pyarrow as pa
import pytest

from schemas.mapping.number_text import NumberFormat


def parsed(text, decimal=".", thousands=""):
    return NumberFormat(decimal, thousands).parse(pa.array([text], pa.string())).to_pylist()[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234,5", 1234.5),
        ("1.234,56", 1234.56),
        ("1.234.567", 1234567),
        (",5", 0.5),
        ("12,", 12),
        ("1,2e3", 1200),
        (" € 12,50 ", 12.5),
        ("12,50 EUR", 12.5),
        ("EUR -5", -5),
        ("-€5", -5),
        ("(12,50)", -12.5),
        ("12,50-", -12.5),
        ("\u221212,50", -12.5),
        ("+3", 3),
    ],
)
def test_number_with_decimal_comma_is_parsed(text, number):
    assert parsed(text, ",", ".") == number


@pytest.mark.parametrize(
    "text", ["12.50", "1.23", "1.2345,0", "1,5,0", "", "-", "--5", "(-5)", "abc", "inf", "nan", "1e999", None]
)
def test_text_that_is_no_number_of_the_format_is_null(text):
    assert parsed(text, ",", ".") is None


@pytest.mark.parametrize("text", ["inf", "nan", "0x10", "1,5", "1_0"])
def test_text_that_is_no_plain_number_is_null(text):
    assert parsed(text) is None


@pytest.mark.parametrize(
    ("text", "thousands"),
    [("12 345.5", " "), ("12\u00a0345.5", " "), ("12\u202f345.5", " "), ("12'345.5", "'"), ("12,345.5", ",")],
)
def test_thousands_separator_is_left_out(text, thousands):
    assert parsed(text, ".", thousands) == 12345.5


def test_indian_groups_are_parsed():
    assert parsed("12,34,567.5", ".", ",") == 1234567.5
