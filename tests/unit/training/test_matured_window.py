"""Window of mature labels for retraining."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from models.training.matured_window import matured_window
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.errors import UserError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def transactions(*days: float) -> pa.Table:
    rows = [
        {
            "transaction_id": f"t{day:g}", "customer_id": "c", "merchant_id": "m", "merchant_category": "grocery",
            "transaction_type": "PURCHASE", "amount_minor": 100, "currency": "EUR", "device_id": None,
            "latitude": None, "longitude": None, "event_time": NOON + timedelta(days=day),
        }
        for day in days
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, TRANSACTION_ARROW)


def labels(*rows: tuple[float, float, bool]) -> pa.Table:
    """Return labels from (day of the transaction, day at which it is known, whether it is a fraud)."""
    rows = [
        {
            "transaction_id": f"t{day:g}", "customer_id": "c", "merchant_id": "m", "amount_minor": 100,
            "event_time": NOON + timedelta(days=day), "is_fraud": fraud, "label_time": NOON + timedelta(days=known),
        }
        for day, known, fraud in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, LABEL_ARROW)


def ids(found) -> list[str]:
    return found.table["transaction_id"].to_pylist()


def test_window_ends_a_horizon_before_the_newest_transaction_and_has_the_given_days():
    days = (0, 4, 5, 8, 9, 12)
    every = labels(*((day, day + 1, False) for day in days))
    found = matured_window(transactions(*days), every, days=4, horizon_days=4)
    assert ids(found) == ["t5", "t8"]
    assert found.until_ms == (NOON + timedelta(days=8)).timestamp() * 1000


def test_fraud_known_before_its_maturity_is_not_included():
    found = matured_window(
        transactions(0, 9, 10), labels((0, 1, False), (9, 9.1, True)), days=30, horizon_days=5
    )  # fmt: skip
    assert (ids(found), found.frauds) == (["t0"], 0)


def test_label_known_last_counts_in_any_reading_sequence():
    newest_labels = labels((0, 3, False), (0, 1, True), (1, 2, False), (1, 3, True))
    found = matured_window(transactions(0, 1, 10), newest_labels, days=30, horizon_days=5)
    assert found.table["is_fraud"].to_pylist() == [False, True]
    assert found.table["label_time"].to_pylist() == [NOON + timedelta(days=3)] * 2


def test_transaction_without_a_label_is_left_out_and_counted():
    found = matured_window(transactions(0, 1, 2, 10), labels((1, 2, True)), days=30, horizon_days=5)
    assert (ids(found), found.unlabelled, found.frauds) == (["t1"], 2, 1)


@pytest.mark.parametrize("days", [(), (0, 3)])
def test_stream_that_is_too_young_is_refused(days):
    with pytest.raises(UserError, match=r"older than 5 days .* --history"):
        matured_window(transactions(*days), labels(), days=30, horizon_days=5)


def test_stream_without_labels_is_refused():
    with pytest.raises(UserError, match="labels topic"):
        matured_window(transactions(0, 10), labels(), days=30, horizon_days=5)
