"""Evaluation of rule conditions."""

import numpy as np
import pytest

from models.rules.rule_engine import RuleEngine
from schemas.rule_book import ListEntry, RuleError, RuleList
from tests.records import NOON
from tests.unit.rules.batches import rule_batch
from tests.unit.rules.books import book, rule

NAN = float("nan")


def holds(when, **row):
    """Return whether a condition holds for a transaction."""
    engine = RuleEngine(book(rule("r", when), lists=(RuleList(name="few", entries=(ListEntry(value="m1"),)),)))
    return bool(engine.apply(rule_batch(row), np.zeros(1, np.uint8)).masks[0][0])


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("distance", [-1, NAN])
def test_every_comparison_with_a_missing_value_is_false(sign, distance):
    assert not holds(f"distance_km {sign} 5", distance_km=distance)
    assert not holds(f"5 {sign} distance_km", distance_km=distance)
    assert not holds(f"distance_km * 2 {sign} 5", distance_km=distance)
    assert holds("missing(distance_km)", distance_km=distance)


def test_missing_text_equals_no_text():
    assert not holds('device_id == "d"', device_id=None)
    assert not holds('device_id != "d"', device_id=None)
    assert not holds("device_id in @few", device_id=None)
    assert not holds("device_id not in @few", device_id=None)
    assert holds("missing(device_id)", device_id=None)
    assert not holds("missing(device_id)", device_id="")


def test_negated_comparison_with_a_missing_value_is_true():
    assert holds("not distance_km > 5", distance_km=-1)


def test_minus_one_is_a_number_unless_it_encodes_missing():
    assert holds("amount_z_1h == -1", amount_z_1h=-1)
    assert holds("amount_z_1h < 0 and not missing(amount_z_1h)", amount_z_1h=-1)


@pytest.mark.parametrize(("device", "found"), [(1, True), (0, False), (-1, False), (NAN, False)])
def test_flag_is_a_condition_by_itself(device, found):
    assert holds("new_device", new_device=device) is found


def test_former_name_of_a_feature_is_the_present_feature():
    assert holds("mean_7d > 5 and missing(to_mean_7d)", amount_mean_7d=6, amount_to_mean_7d=-1)
    (compiled,) = RuleEngine(book(rule("r", "amount > 5 * mean_30d and missing(device_new_share_1h)"))).rules
    assert compiled.names == ("amount", "amount_mean_30d", "device_new_customer_share_1h")
    assert compiled.feature == "amount"


DEVICE = {"device_new_customer": 0, "device_customers_24h": 12, "device_amount_z_1h": -1}


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("device_customers_24h > 10", True),
        ("device_customers_24h > 12", False),
        ("device_customers_24h > 10 and not device_new_customer", True),
        ('device_customers_24h == 12 and merchant_id in ["m"]', False),
        ("device_amount_z_1h == -1", True),
        ("missing(device_age_s)", True),  # its first transaction
        ("missing(device_customers_24h)", False),
    ],
)
def test_features_of_an_entity_are_names(when, found):
    assert holds(when, **DEVICE) is found


@pytest.mark.parametrize("name", ["device_customers_24h", "device_count_1h", "device_amount_z_1h", "device_age_s"])
def test_features_of_an_entity_that_the_transaction_does_not_have_are_missing(name):
    assert holds(f"missing({name})", device_id=None)
    assert not holds(f"{name} < 5 or {name} >= 5", device_id=None)
    assert not holds(f"missing({name})", device_new_customer=1, device_age_s=3)


def test_an_entity_does_not_hang_on_another_one():
    assert holds("merchant_count_24h == 0 and missing(device_count_24h)", merchant_new_customer=1, device_id=None)


def test_numbers_are_compared_as_features_are():
    assert holds("amount == 0.1", amount=np.float32(0.1))
    assert holds("score >= 0.3", score=np.float32(0.3))


def test_division_by_zero_is_missing():
    assert not holds("amount / count_1h > 0", amount=1, count_1h=0)
    assert not holds("not amount / count_1h < 1 and amount / count_1h >= 1", amount=1, count_1h=0)
    assert holds("amount / count_1h > 0", amount=1, count_1h=2)


def test_constant_condition_holds_for_all_or_none():
    assert holds("1 > 0")
    assert not holds("1 + 1 > 2")


def test_whole_texts_are_matched():
    assert holds('merchant_id in ["m1", "m2"]', merchant_id="m2")
    assert not holds('merchant_id in ["m1", "m2"]', merchant_id="m12")
    assert holds('merchant_id != "m1"', merchant_id="m")
    assert holds("merchant_id in @few", merchant_id="m1")
    assert holds("merchant_id not in @few", merchant_id="M1")


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("amuont > 3", "expected a feature, `score` or a column of the transaction, got amuont: did you mean amount?"),
        ("merchant_id in @fwe", "expected a list of the book, got @fwe: did you mean @few?"),
        ("amount", "expected a condition as the rule, got a number at character 1"),
        ("new_device == 1", "expected a number as an operand of ==, got a condition at character 1. "
         "`new_device` is a condition by itself"),
        ("currency > 3", "expected == or != and a text in quotes after a text at character 1, got >"),
        ("currency == merchant_id", "expected == or != and a text in quotes after a text at character 1"),
        ('amount == "3"', "expected a number as an operand of ==, got a text"),
        ("amount in @few", "expected a text of the transaction"),
        ("not amount", "expected a condition as the operand of `not`, got a number"),
        ("amount > 3 and score", "expected a condition as an operand of `and`, got a number at character 16"),
        ("amount + is_night > 3", "expected a number as a term, got a condition"),
        ("missing(amuont)", "did you mean amount?"),
        ("amount > 1e39", "expected numbers of at most 3.4e+38, got 1e+39"),
        ("transaction_id == 't'", "expected a feature, `score` or a column of the transaction, got transaction_id"),
    ],
)  # fmt: skip
def test_mistake_is_reported_with_the_closest_name(when, message):
    with pytest.raises(RuleError) as refused:
        holds(when)
    assert str(refused.value).startswith("rule r: expected")
    assert message in str(refused.value)


def test_names_of_rules_are_listed_in_sequence():
    (compiled,) = RuleEngine(book(rule("r", "currency == 'EUR' and amount > amount_mean_7d or amount > 3"))).rules
    assert compiled.names == ("currency", "amount", "amount_mean_7d")
    assert compiled.feature == "amount"


def test_list_entry_ends_by_event_time():
    entries = (ListEntry(value="m0", until=NOON), ListEntry(value="m1", until=NOON.replace(hour=13)))
    engine = RuleEngine(book(rule("r", "merchant_id in @some"), lists=(RuleList(name="some", entries=entries),)))
    batch = rule_batch(
        {"merchant_id": "m0", "event_time": NOON.replace(hour=11)},
        {"merchant_id": "m0", "event_time": NOON},
        {"merchant_id": "m1", "event_time": NOON},
    )
    assert engine.apply(batch, np.zeros(3, np.uint8)).masks[0].tolist() == [True, False, True]
