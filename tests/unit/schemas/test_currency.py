"""Minor units of currencies."""

import numpy as np
import pyarrow as pa
import pytest

from schemas.currency import amount_text, minor_units


@pytest.mark.parametrize("repeat", [1, 100])
def test_minor_units_follow_the_currency_of_each_row(repeat):
    codes = ["EUR", "JPY", "KWD", "CLF", None, "???"] * repeat
    expected = [100, 1, 1_000, 10_000, 100, 100] * repeat
    assert minor_units(pa.array(codes, pa.string())).tolist() == expected


def test_minor_units_of_no_rows():
    assert minor_units(pa.array([], pa.string())).dtype == np.float64


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123_450, "EUR", "1,234.50 EUR"),
        (5, "EUR", "0.05 EUR"),
        (1_234, "JPY", "1,234 JPY"),
        (1_234_567, "KWD", "1,234.567 KWD"),
        (-5, "USD", "-0.05 USD"),
    ],
)
def test_amounts_are_written_with_the_digits_of_their_currency(minor, currency, text):
    assert amount_text(minor, currency) == text
