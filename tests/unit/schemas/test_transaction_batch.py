"""Decoding and limits of transactions."""

import numpy as np
import pytest

from schemas.registry import FileRegistry
from schemas.rejection import Reason
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.batches import TRANSACTIONS
from tests.records import NOON_MS, transaction

HOUR_MS = 3_600_000

INVALID_RECORDS = [
    (Reason.INVALID_PLACE, {"latitude": 90.5}),
    (Reason.INVALID_PLACE, {"longitude": -180.5}),
    (Reason.INVALID_PLACE, {"latitude": float("nan")}),
    (Reason.INVALID_PLACE, {"longitude": float("inf")}),
    (Reason.INVALID_PLACE, {"longitude": None}),
    (Reason.EVENT_TIME_AHEAD, {"event_time": NOON_MS + 25 * HOUR_MS}),
]


@pytest.mark.parametrize(("reason", "changes"), INVALID_RECORDS)
def test_transaction_that_breaks_a_limit_is_set_aside(reason, changes):
    batch = TRANSACTIONS.decode([transaction(0), transaction(1, **changes), transaction(2)])
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]
    assert batch.records["transaction_id"].to_pylist() == ["t000000", "t000002"]
    assert ", got " in batch.rejections[0].detail


def test_limits_are_inclusive():
    edges = {"amount_minor": 0, "latitude": -90.0, "longitude": 180.0, "event_time": NOON_MS + 24 * HOUR_MS}
    assert TRANSACTIONS.decode([transaction(0, **edges)]).rejections == []


def test_setting_bounds_how_old_an_event_may_be():
    decoder = TransactionBatchDecoder("", FileRegistry(), Limits(max_age_ms=7 * 24 * HOUR_MS))
    records = [transaction(n, event_time=NOON_MS - 7 * 24 * HOUR_MS - n) for n in range(2)]
    payloads = [TRANSACTIONS.codec.encode(record) for record in records]
    batch = decoder.decode([record["customer_id"] for record in records], payloads, np.full(2, NOON_MS))
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, Reason.EVENT_TIME_TOO_OLD)]


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize(
    ("currency", "amount_minor", "good"),
    [
        ("EUR", 10_000_000_000, True),
        ("EUR", 10_000_000_001, False),
        ("IDR", 15_000_000_000, True),
        ("IDR", 10**13 + 1, False),
        ("XYZ", 10_000_000_001, False),
    ],
)
def test_largest_amount_is_that_of_the_currency(currency, amount_minor, good, count):
    batch = TRANSACTIONS.decode([transaction(n, currency=currency, amount_minor=amount_minor) for n in range(count)])
    assert [item.reason for item in batch.rejections] == [] if good else [Reason.INVALID_AMOUNT] * count


def test_setting_bounds_the_amounts_of_a_currency():
    decoder = TransactionBatchDecoder("", FileRegistry(), Limits(max_amounts_minor={"CHF": 500}))
    records = [transaction(n, currency=code, amount_minor=501) for n, code in enumerate(["CHF", "EUR"])]
    payloads = [TRANSACTIONS.codec.encode(record) for record in records]
    batch = decoder.decode([record["customer_id"] for record in records], payloads, np.full(2, NOON_MS))
    assert [(item.row, item.detail) for item in batch.rejections] == [
        (0, "expected an amount from 0 to the limit of its currency, got 501, 'CHF'")
    ]
