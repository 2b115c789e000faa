"""Rules for the decoders of all record kinds."""

import numpy as np
import pytest

from schemas.framing import header
from schemas.rejection import Reason
from schemas.validation import Limits
from tests.batches import LABELS, TRANSACTIONS
from tests.records import NOON_MS

pytestmark = pytest.mark.parametrize("kind", [TRANSACTIONS, LABELS], ids=["transactions", "labels"])


def test_valid_batch_is_decoded_to_canonical_columns(kind):
    records = [kind.make(number) for number in range(20)]
    batch = kind.decode(records)
    assert batch.records.schema == kind.arrow
    assert batch.records.to_pylist() == records
    assert batch.rejections == []


INVALID_PAYLOADS = {
    Reason.UNDECODABLE: lambda payload: payload[:-4],
    Reason.TRAILING_BYTES: lambda payload: payload + b"\x00",
    Reason.UNKNOWN_SCHEMA: lambda payload: header(999) + payload[5:],
    Reason.TOO_LARGE: lambda payload: payload + bytes(Limits().max_record_bytes),
}


@pytest.mark.parametrize(("reason", "change"), INVALID_PAYLOADS.items())
def test_invalid_payload_is_set_aside_and_the_rest_is_decoded(kind, reason, change):
    records = [kind.make(number) for number in range(5)]
    batch = kind.decode(records, {2: change})
    assert [(item.row, item.reason) for item in batch.rejections] == [(2, reason)]
    assert batch.records.to_pylist() == records[:2] + records[3:]


INVALID_RECORDS = [
    (Reason.INVALID_AMOUNT, {"amount_minor": -1}),
    (Reason.INVALID_AMOUNT, {"amount_minor": 2**60}),
    (Reason.INVALID_ID, {"transaction_id": ""}),
    (Reason.INVALID_ID, {"merchant_id": "m" * 300}),
    (Reason.INVALID_EVENT_TIME, {"event_time": -1}),
    (Reason.INVALID_EVENT_TIME, {"event_time": 1_764_000_000}),
    (Reason.EVENT_TIME_TOO_OLD, {"event_time": 0}),
    (Reason.EVENT_TIME_TOO_OLD, {"event_time": 946_684_799_999}),
]


@pytest.mark.parametrize(("reason", "changes"), INVALID_RECORDS)
def test_record_that_breaks_a_limit_is_set_aside(kind, reason, changes):
    batch = kind.decode([kind.make(0), kind.make(1, **changes), kind.make(2)])
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]
    assert batch.records["transaction_id"].to_pylist() == ["t000000", "t000002"]
    assert ", got " in batch.rejections[0].detail


def test_unusual_encoding_is_decoded_in_sequence(kind):
    records = [kind.make(number) for number in range(5)]

    def longer(payload):
        # The length of the first text with a superfluous byte: Avro's readers accept it.
        return payload[:5] + bytes([payload[5] | 128, 0]) + payload[6:]

    batch = kind.decode(records, {1: longer, 3: lambda payload: payload[:-1]})
    assert batch.records.to_pylist() == records[:3] + records[4:]
    assert [item.row for item in batch.rejections] == [3]


@pytest.mark.parametrize("name", ["c\ufffd", "\ufeffc", "\ufffec"])
def test_customer_with_an_unreadable_key_has_none(kind, name):
    # Flink replaces invalid UTF-8 by U+FFFD, and PyFlink drops a byte order mark.
    batch = kind.decode([kind.make(0, customer_id=name), kind.make(1)])
    assert [(item.row, item.reason) for item in batch.rejections] == [(0, Reason.KEY_MISMATCH)]


@pytest.mark.parametrize(("key", "reason"), [(None, Reason.NULL_KEY), ("other", Reason.KEY_MISMATCH)])
def test_record_under_a_wrong_key_is_set_aside(kind, key, reason):
    batch = kind.decode([kind.make(0), kind.make(1)], key_changes={1: key})
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]


def test_rejections_name_rows_of_the_batch_not_of_the_decoded_part(kind):
    records = [kind.make(number) for number in range(4)]
    records[3]["amount_minor"] = -5
    batch = kind.decode(records, {0: lambda payload: payload + b"!"})
    assert [(item.row, item.reason) for item in batch.rejections] == [
        (0, Reason.TRAILING_BYTES),
        (3, Reason.INVALID_AMOUNT),
    ]


def test_text_that_is_not_utf8_is_undecodable(kind):
    records = [kind.make(0), kind.make(1, merchant_id="wxyz")]
    batch = kind.decode(records, {1: lambda payload: payload.replace(b"wxyz", b"\xff\xfe\xff\xfe")})
    assert [item.reason for item in batch.rejections] == [Reason.UNDECODABLE]


def test_text_beyond_ascii_is_decoded(kind):
    records = [kind.make(0, merchant_id="Bäckerei 日本")]
    assert kind.decode(records).records.to_pylist() == records


def test_batch_of_invalid_records_is_empty(kind):
    batch = kind.decode([kind.make(0)], {0: lambda _: b"poison"})
    assert len(batch.records) == 0
    assert len(batch.rejections) == 1


@pytest.mark.parametrize(
    ("kafka_ms", "hint"),
    [
        (NOON_MS // 1_000, "looks like seconds"),
        (NOON_MS * 1_000, "looks like microseconds"),
        (-1, "missing"),
        (0, "missing"),
        (946_684_799_000, "LogAppendTime"),
    ],
)
def test_unusable_kafka_time_is_named_instead_of_the_event_time(kind, kafka_ms, hint):
    record = kind.make(0)
    batch = kind.decoder.decode([record["customer_id"]], [kind.codec.encode(record)], np.array([kafka_ms]))
    assert [item.reason for item in batch.rejections] == [Reason.INVALID_KAFKA_TIME]
    assert hint in batch.rejections[0].detail


def test_old_events_are_accepted_in_replays_with_and_without_their_kafka_time(kind):
    times = {name: NOON_MS - 8 * 365 * 86_400_000 for name in ("event_time", "label_time") if name in kind.make(0)}
    record = kind.make(0, **times)
    for kafka_ms in (NOON_MS, times["event_time"]):
        batch = kind.decoder.decode([record["customer_id"]], [kind.codec.encode(record)], np.array([kafka_ms]))
        assert batch.rejections == []


def test_epoch_seconds_are_named_as_the_cause(kind):
    (rejection,) = kind.decode([kind.make(0, event_time=NOON_MS // 1_000)]).rejections
    assert "looks like seconds: send milliseconds" in rejection.detail
