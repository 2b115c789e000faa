"""Risk tables of categories."""

import json

import numpy as np
import pyarrow as pa
import pytest

from models.features.risk import RiskTable

TABLE = RiskTable(rates={"fuel": 0.25, "travel": 0.5}, prior=0.125)


@pytest.mark.parametrize("times", [1, 50])  # looked up one by one, and by dictionary
def test_unknown_and_null_have_the_prior(times):
    rates = TABLE.of(pa.array(["fuel", "travel", "new", None] * times, pa.string()))
    assert rates.dtype == np.float32
    assert rates.tolist() == [0.25, 0.5, 0.125, 0.125] * times


def test_rates_shrink_towards_the_prior():
    categories = pa.chunked_array([["a", "a", "a"], ["b", None]])
    table = RiskTable.fit(categories, np.array([True, True, False, False, False]), smoothing=10)
    assert table.prior == pytest.approx(2 / 5)
    assert table.rates == {"a": pytest.approx((2 + 4) / 13), "b": pytest.approx(4 / 11)}


def test_empty_history_gives_an_empty_table():
    assert RiskTable.fit(pa.array([], pa.string()), np.array([], bool)) == RiskTable()


def test_json_round_trip_keeps_the_table():
    assert RiskTable.from_json(json.loads(json.dumps(TABLE.to_json()))) == TABLE
