import numpy as np
import pytest

from schemas.columns import TRANSACTION_ARROW
from schemas.framing import header
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.records import NOON_MS, transaction, transaction_codec

HOUR_MS = 3_600_000


def decode(records, payload_changes=None, key_changes=None, kafka_time_ms=NOON_MS):
    codec = transaction_codec()
    payloads = [codec.encode(record) for record in records]
    keys = [record["customer_id"] for record in records]
    for row, change in (payload_changes or {}).items():
        payloads[row] = change(payloads[row])
    for row, key in (key_changes or {}).items():
        keys[row] = key
    decoder = TransactionBatchDecoder("fraud.transactions.v1-value", FileRegistry(), Limits())
    return decoder.decode(keys, payloads, np.full(len(payloads), kafka_time_ms))


def test_good_batch_comes_out_as_canonical_columns():
    records = [transaction(number) for number in range(20)]
    batch = decode(records)
    assert batch.records.schema == TRANSACTION_ARROW
    assert batch.records.to_pylist() == records
    assert batch.rejections == []


BAD_PAYLOADS = {
    Reason.UNDECODABLE: lambda payload: payload[:-4],
    Reason.TRAILING_BYTES: lambda payload: payload + b"\x00",
    Reason.UNKNOWN_SCHEMA: lambda payload: header(999) + payload[5:],
}


@pytest.mark.parametrize(("reason", "change"), BAD_PAYLOADS.items())
def test_bad_payload_is_set_aside_and_the_rest_is_decoded(reason, change):
    records = [transaction(number) for number in range(5)]
    batch = decode(records, {2: change})
    assert [(item.row, item.reason) for item in batch.rejections] == [(2, reason)]
    assert batch.records.to_pylist() == records[:2] + records[3:]


BAD_RECORDS = [
    (Reason.INVALID_AMOUNT, {"amount_minor": -1}),
    (Reason.INVALID_AMOUNT, {"amount_minor": 2**60}),
    (Reason.INVALID_PLACE, {"latitude": 90.5}),
    (Reason.INVALID_PLACE, {"longitude": -180.5}),
    (Reason.INVALID_PLACE, {"latitude": float("nan")}),
    (Reason.INVALID_PLACE, {"longitude": float("inf")}),
    (Reason.INVALID_PLACE, {"longitude": None}),
    (Reason.INVALID_ID, {"transaction_id": ""}),
    (Reason.INVALID_ID, {"merchant_id": "m" * 300}),
    (Reason.INVALID_EVENT_TIME, {"event_time": -1}),
    (Reason.EVENT_TIME_AHEAD, {"event_time": NOON_MS + 25 * HOUR_MS}),
]


@pytest.mark.parametrize(("reason", "changes"), BAD_RECORDS)
def test_record_that_breaks_a_limit_is_set_aside(reason, changes):
    batch = decode([transaction(0), transaction(1, **changes), transaction(2)])
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]
    assert batch.records["transaction_id"].to_pylist() == ["t000000", "t000002"]
    assert ", was " in batch.rejections[0].detail


@pytest.mark.parametrize(("key", "reason"), [(None, Reason.NULL_KEY), ("other", Reason.KEY_MISMATCH)])
def test_record_under_a_wrong_key_is_set_aside(key, reason):
    batch = decode([transaction(0), transaction(1)], key_changes={1: key})
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]


def test_limits_themselves_are_allowed():
    edges = {"amount_minor": 0, "latitude": -90.0, "longitude": 180.0, "event_time": NOON_MS + 24 * HOUR_MS}
    assert decode([transaction(0, **edges)]).rejections == []


def test_rejections_name_rows_of_the_batch_not_of_what_was_decoded():
    records = [transaction(number) for number in range(4)]
    records[3]["amount_minor"] = -5
    batch = decode(records, {0: lambda payload: payload + b"!"})
    assert [(item.row, item.reason) for item in batch.rejections] == [
        (0, Reason.TRAILING_BYTES),
        (3, Reason.INVALID_AMOUNT),
    ]


def test_text_that_is_not_utf8_is_undecodable():
    batch = decode(
        [transaction(0), transaction(1, merchant_id="wxyz")], {1: lambda p: p.replace(b"wxyz", b"\xff\xfe\xff\xfe")}
    )
    assert [item.reason for item in batch.rejections] == [Reason.UNDECODABLE]


def test_text_beyond_ascii_is_decoded():
    records = [transaction(0, merchant_id="Bäckerei 日本")]
    assert decode(records).records.to_pylist() == records


def test_all_bad_batch_is_empty():
    batch = decode([transaction(0)], {0: lambda _: b"poison"})
    assert len(batch.records) == 0
    assert len(batch.rejections) == 1
