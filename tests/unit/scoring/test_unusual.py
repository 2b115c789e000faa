"""Unusual values of a transaction."""

import numpy as np
import pytest

from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.unusual import TYPICAL_SPREAD_FLOOR, unusual_values, usual_spread

MISSING = np.array([feature.missing for feature in FEATURES], np.float32)


def row(**values):
    made = MISSING.copy()
    for name, value in values.items():
        made[FEATURE_NAMES.index(name)] = value
    return made


def names(reasons):
    return [reason.feature for reason in reasons]


def test_value_furthest_from_usual_comes_first():
    unusual = row(amount=1_000, amount_mean_7d=10, amount_mean_24h=30)
    assert names(unusual_values(unusual, {})) == ["amount", "amount_mean_24h"]


def test_reason_has_value_and_usual():
    (reason,) = unusual_values(row(amount=1_000, amount_mean_7d=10), {})
    assert (reason.value, reason.usual) == (1_000, 10)


def test_missing_values_are_no_reasons():
    assert unusual_values(MISSING, {}) == []
    # Without a mean over 7 days there is no usual amount.
    assert unusual_values(row(amount=1_000), {}) == []


def test_features_without_a_usual_are_no_reasons():
    assert unusual_values(row(hour=3, is_night=1, category_risk=0.9), {}) == []


def test_number_of_reasons_is_bounded():
    unusual = row(amount=1_000, amount_mean_7d=10, amount_mean_24h=30, amount_mean_1h=40, distance_km=500, new_device=1)
    assert len(unusual_values(unusual, {})) == 3
    assert len(unusual_values(unusual, {}, count=5)) == 5


def test_value_common_among_genuine_customers_is_less_unusual():
    unusual = row(amount=1_000, amount_mean_7d=10, new_device=1)
    spread = {"amount": 4.0, "new_device": 0.1}
    assert names(unusual_values(unusual, spread)) == ["new_device", "amount"]


def test_spread_is_one_where_the_row_is_typical():
    x = np.stack([row(amount=30, amount_mean_7d=10)] * 5)
    (reason,) = unusual_values(x[0], usual_spread(x))
    assert reason.strangeness == pytest.approx(1)


def test_spread_leaves_missing_values_out_and_has_a_floor():
    x = np.stack([row(amount=30, amount_mean_7d=10), row(new_device=0)])
    spread = usual_spread(x)
    assert spread["amount_mean_24h"] == spread["new_device"] == TYPICAL_SPREAD_FLOOR
    assert set(spread) == {feature.name for feature in FEATURES if feature.usual}
