"""Ids of alerts and keys of transactions."""

import pyarrow as pa

from schemas.alert_id import alert_id
from schemas.transaction_key import transaction_keys

PAIRS = [("ab", "c"), ("a", "bc"), ("1:a", "b"), ("1", ":ab"), ("é", "x"), ("", "éx"), ("c1", "1"), ("c2", "1")]


def test_alerts_of_two_transactions_never_share_an_id():
    assert len({alert_id(customer, transaction) for customer, transaction in PAIRS}) == len(PAIRS)


def test_repeated_alert_has_the_same_id():
    assert alert_id("c1", "1") == alert_id("c1", "1") == "001b043b-0964-5f13-9d2e-fbe3507d2567"


def test_customer_and_id_columns_give_a_key_per_transaction():
    customers, transactions = zip(*PAIRS, strict=True)
    table = pa.table({"customer_id": customers, "transaction_id": transactions})
    assert len(set(transaction_keys(table).to_pylist())) == len(PAIRS)
