"""Declared columns as features."""

import numpy as np
import pyarrow as pa
import pytest

from models.features.column_encoding import MAX_CATEGORIES, MIN_SEEN, ColumnEncoding
from schemas.declaration.column_kind import ColumnKind
from schemas.declaration.declared_column import DeclaredColumn
from schemas.durations import HOUR_MS
from schemas.errors import UserError

LARGEST = float(np.finfo(np.float32).max)


def fitted(kind, values, frauds=None):
    """Return the encoding of a column that is learned from its values, at events at 0."""
    column = DeclaredColumn(name="own", kind=ColumnKind(kind))
    chunked = pa.chunked_array([pa.array(values, column.kind.arrow)])
    is_fraud = np.zeros(len(values), bool) if frauds is None else np.array(frauds)
    return ColumnEncoding.fit(column, chunked, np.zeros(len(values), np.int64), is_fraud)


def encoded(encoding, values, times_ms=None):
    times = np.zeros(len(values), np.int64) if times_ms is None else np.array(times_ms)
    return encoding.of(pa.array(values, encoding.kind.arrow), times).tolist()


def test_number_is_as_it_is_and_a_missing_one_is_below_those_of_training():
    assert encoded(fitted("number", [0.5, 7, None]), [1.25, None, -3]) == [1.25, -1, -3]
    assert encoded(fitted("number", [-2.5, 7]), [None]) == [-4]
    large = fitted("number", [-1e30])
    assert encoded(large, [None]) < encoded(large, [-1e30])
    assert encoded(fitted("number", [-LARGEST]), [None]) == [-LARGEST]
    assert fitted("number", [None, None]).missing == -1


def test_number_that_no_float32_holds_is_missing():
    assert encoded(fitted("number", [1]), [1e300, -1e300, float("nan")]) == [-1, -1, -1]


def test_flag_is_0_1_or_missing():
    assert encoded(fitted("flag", [True]), [True, False, None]) == [1, 0, -1]


def test_time_is_the_hours_to_the_event():
    encoding = fitted("time", [-HOUR_MS])
    assert encoded(encoding, [0, None, 2 * HOUR_MS], [HOUR_MS // 2] * 3) == [0.5, -1, -1.5]
    assert fitted("time", [3 * HOUR_MS]).missing == -4  # in the future


def test_hostile_times_are_finite():
    found = encoded(fitted("time", [0]), [-(2**63), 2**63 - 1], [2**45, 0])
    assert np.isfinite(found).all()


def test_category_has_the_fraud_rate_of_training_and_no_value_is_a_category():
    values = ["a"] * 100 + [None] * 100
    encoding = fitted("category", values, [True] * 50 + [False] * 150)
    assert encoding.risk.rates.keys() == {"a", ""}
    a, nothing = encoded(encoding, ["a", None])
    assert a == pytest.approx((50 + 100 * 0.25) / 200)
    assert nothing == pytest.approx(100 * 0.25 / 200)


def test_unseen_category_has_the_rate_of_rare_ones():
    rare = [f"r{number}" for number in range(60)]
    encoding = fitted("category", ["a"] * 540 + rare, [False] * 540 + [True] * 60)
    assert encoding.risk.rates.keys() == {"a"}
    assert encoded(encoding, ["r7", "never"]) == [np.float32((60 + 100 * 0.1) / 160)] * 2
    assert fitted("category", ["a"] * MIN_SEEN).risk.rates.keys() == {"a"}
    assert fitted("category", ["a"] * (MIN_SEEN - 1)).risk.rates.keys() == set()


def test_too_many_categories_are_refused():
    with pytest.raises(UserError, match=r'of own, a category, got 10,001\. Declare it as "text"'):
        fitted("category", [str(number) for number in range(MAX_CATEGORIES + 1)])


@pytest.mark.parametrize(
    ("kind", "values"), [("number", [1, -2]), ("flag", [True]), ("time", [5]), ("category", ["a"] * MIN_SEEN)]
)
def test_encoding_survives_json(kind, values):
    encoding = fitted(kind, values)
    assert ColumnEncoding.from_json(encoding.to_json()) == encoding
