"""A reason states what happened, the customer's normal value and the strength of the signal."""

import pytest

from fraudstream.readers.reason_summary import AT, FLAGS, SENTENCES, strength, summarize, summarized, summary
from models.features.entity import ENTITIES
from models.features.operation import Operation
from models.features.table import FEATURES
from models.scoring.reason_code import FEATURE_CODES


def reason(feature, value, usual=None, contribution=1.0, code="SPENDING", text="In words"):
    return {
        "code": code, "text": text, "feature": feature, "value": value, "usual": usual, "contribution": contribution
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (reason("amount_mean_1h", 791.0, 64.0), "Spent 791.00 EUR on average in the last hour (usually 64.00 EUR)"),
        (reason("amount_sum_24h", 1_250.5, 80.0), "Spent 1,250.50 EUR in the last 24 hours (usually 80.00 EUR)"),
        (reason("count_10m", 1.0, 0.02), "1 transaction in the last 10 minutes before this one (usually 0.02)"),
        (reason("count_1h", 12.0, 0.5), "12 transactions in the last hour before this one (usually 0.5)"),
        (reason("speed_kmh", 2_310.4), "Moved at 2,310 km/h since the customer's last transaction"),
        (reason("since_last_s", 42.0, 7_200.0), "42 seconds after the customer's last transaction (usually 2 hours)"),
        (reason("merchant_fraud_rate_7d", 0.25, 0.0), "25.00% of the labels of the last 7 days at this merchant are"
         " fraud (usually 0.00%)"),
        (reason("device_frauds_28d", 2.0, 0.0), "2 known frauds on this device in the last 28 days (usually 0)"),
        (reason("since_device_fraud_s", 7_200.0), "Last known fraud on this device was 2 hours ago"),
        (reason("new_device", 1.0, 0.0), "First use of this device"),
        (reason("new_device", 0.0, 0.0), "Has used this device before"),
        (reason("hour", 3.0), "Paid in hour 3 of the day, UTC"),
        (reason("device_customers_24h", 12.0, 1.0), "12 customers on this device in the last 24 hours (usually 1)"),
        (reason("merchant_customers_1h", 840.0, 70.0), "840 customers at this merchant in the last hour, 12 times the"
         " usual 70"),
        (reason("merchant_count_10m", 3.0, 0.003), "3 transactions at this merchant in the last 10 minutes"
         " (usually 0.003)"),
        (reason("merchant_count_24h", 110.0, 100.0), "110 transactions at this merchant in the last 24 hours"
         " (usually 100)"),
        (reason("merchant_customers_30d", 57.3), "About 57 customers at this merchant in the last 30 days"),
        (reason("device_amount_sum_1h", 1_250.5, 100.0), "1,250.50 EUR paid on this device in the last hour, 13 times"
         " the usual 100.00 EUR"),
        (reason("merchant_amount_mean_10m", 2.0, 80.0), "Average amount at this merchant is 2.00 EUR in the last 10"
         " minutes (usually 80.00 EUR)"),
        (reason("merchant_new_customer_share_1h", 0.9, 0.25), "90.00% of the transactions at this merchant in the last"
         " hour are by new customers (usually 25.00%)"),
        (reason("device_amount_z_7d", 6.5, 0.0), "Amount is 6.5 standard deviations from the average on this device in"
         " the last 7 days"),
        (reason("device_amount_to_mean_7d", 6.5, 1.0), "Amount is 6.5 times the average on this device in the last 7"
         " days"),
        (reason("device_age_s", 120.0), "First transaction on this device was 2 minutes ago"),
        (reason("merchant_since_last_s", 2.0), "Last transaction at this merchant was 2 seconds ago"),
        (reason("device_new_customer", 1.0, 0.0), "First payment of this customer on this device"),
        (reason("merchant_new_customer", 0.0, 0.0), "Customer has paid at this merchant before"),
    ],
)  # fmt: skip
def test_summary_states_what_happened_and_what_is_usual(given, expected):
    assert summary(given, "EUR") == expected


def test_missing_value_is_not_a_number():
    assert (
        summary(reason("since_last_s", -1.0, text="The time since it"), "EUR") == "The time since it: nothing known yet"
    )


def test_rule_has_its_own_text_and_no_strength():
    found = summarize(reason("amount", 900.0, contribution=None, code="rule:big", text="Large amount"), "EUR")
    assert (found["summary"], found["strength"]) == ("Large amount", None)


def test_feature_of_another_version_keeps_its_name():
    assert summary(reason("former_7d", 2.0, 1.0), "EUR") == "former_7d is 2 (usually 1)"


@pytest.mark.parametrize(
    ("contribution", "expected"),
    [(None, None), (0.1, "weak"), (0.5, "moderate"), (1.49, "moderate"), (1.5, "strong"), (4.0, "strong")],
)
def test_strength_is_by_contribution(contribution, expected):
    assert strength(contribution) == expected


@pytest.mark.parametrize(
    ("value", "is_new", "expected"),
    [
        (11.0, 1.0, "11 other customers on this device in the last 24 hours (usually 1)"),
        (1.0, 1.0, "1 other customer on this device in the last 24 hours (usually 1)"),
        (11.0, 0.0, "11 customers on this device in the last 24 hours (usually 1)"),
        (64.8, 1.0, "About 65 other customers on this device in the last 24 hours (usually 1)"),
    ],
)
def test_customers_of_an_entity_are_others_where_this_one_is_new_to_it(value, is_new, expected):
    given = reason("device_customers_24h", value, 1.0)
    alert = {"reasons": [given], "currency": "EUR", "features": {"device_new_customer": is_new}}
    assert summarized(alert)["reasons"][0]["summary"] == expected


@pytest.mark.parametrize(
    ("name", "value"), [("device_customers_24h", 0.0), ("device_age_s", -1.0), ("device_frauds_2d", 0.0)]
)
def test_transaction_without_a_device_has_no_figure_of_it(name, value):
    alert = {
        "reasons": [reason(name, value, text="The device")],
        "currency": "EUR",
        "features": {"device_new_customer": -1.0},
    }
    assert summarized(alert)["reasons"][0]["summary"] == "The device: transaction without a device"


def test_every_entity_has_words():
    assert AT.keys() == {None, *(entity.name for entity in ENTITIES)}


def test_every_operation_has_a_sentence():
    assert SENTENCES.keys() | FLAGS.keys() == set(Operation)


def test_every_feature_has_a_summary_and_the_reason_keeps_its_fields():
    given = [reason(f.name, 2.0, 1.0, code=str(code)) for f, code in zip(FEATURES, FEATURE_CODES, strict=True)]
    for before, after in zip(given, summarized({"reasons": given, "currency": "EUR"})["reasons"], strict=True):
        assert before.items() <= after.items()
        assert after["summary"][0].isupper() or after["summary"][0].isdigit()
        assert "{" not in after["summary"]


def test_reason_with_a_former_name_has_the_present_one_and_its_sentence():
    found = summarize(reason("mean_1h", 791.0, 64.0), "EUR")
    assert found == summarize(reason("amount_mean_1h", 791.0, 64.0), "EUR")
    assert found["feature"] == "amount_mean_1h"


def test_alert_with_former_names_of_features_has_the_present_ones():
    alert = {"reasons": [reason("mean_1h", 791.0)], "currency": "EUR", "features": {"mean_1h": 791.0, "amount": 1.0}}
    assert summarized(alert)["features"] == {"amount_mean_1h": 791.0, "amount": 1.0}
