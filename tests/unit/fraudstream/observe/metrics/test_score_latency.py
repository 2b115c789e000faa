"""Latency from a transaction to its score."""

from datetime import UTC, datetime

import pytest

from fraudstream.observe.metrics.score_latency import ScoreLatency, leading_text
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from tests.records import transaction, transaction_codec

SCORED = {
    "customer_id": "c", "event_time": datetime.now(UTC), "scored_at": datetime.now(UTC), "score": 0.5,
    "decision": "REVIEW", "model_id": "m", "feature_spec_hash": "h",
}  # fmt: skip


@pytest.mark.parametrize("name", ["", "t", "x" * 63, "x" * 64, "x" * 256, "é" * 127])
def test_id_is_read_without_decoding(name):
    score_codec = RecordCodec(SCORE, "s-value", FileRegistry())
    for payload in (
        transaction_codec().encode(transaction(transaction_id=name)),
        score_codec.encode({**SCORED, "transaction_id": name}),
    ):
        assert leading_text(payload) == name.encode()


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00\x00\x00\x00\x01", b"\x00\x00\x00\x00\x01\xff\xff\xff"])
def test_short_payload_has_no_id(payload):
    assert leading_text(payload) == b""


def test_latency_is_measured_once_both_records_are_read_in_either_sequence():
    latency = ScoreLatency()
    assert latency.publish(b"a", 1_000) is None
    assert latency.score(b"a", 1_250) == 0.25
    assert latency.score(b"b", 2_000) is None
    assert latency.publish(b"b", 1_500) == 0.5
    assert latency.score(b"a", 9_000) is None


def test_slow_clock_gives_no_negative_latency():
    latency = ScoreLatency()
    latency.publish(b"a", 1_000)
    assert latency.score(b"a", 990) == 0


def test_unmatched_transaction_is_forgotten():
    latency = ScoreLatency(max_held=2)
    for number in range(3):
        latency.publish(b"%d" % number, 0)
    assert latency.score(b"0", 5) is None
    assert latency.score(b"2", 5) == 0.005
