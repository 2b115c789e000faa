"""Decoders by topic, and foreign records."""

import io
import logging

import fastavro
import pytest

from fraudstream.kafka import foreign_records as reports
from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.settings.settings import load_settings
from schemas.avro_schemas import SCORE, parsed_schema
from schemas.codec import RecordCodec
from schemas.deployment import Deployment
from schemas.registry import FileRegistry
from schemas.topics import Topics
from tests.foreign_records import foreign_records, valid_records
from tests.records import label, label_codec, transaction, transaction_codec
from tests.unit.fraudstream.kafka.topic_messages import Message

KINDS = Topics().kinds()


@pytest.fixture(autouse=True)
def clear_reports(monkeypatch):
    monkeypatch.setattr(reports, "_REPORTED", set())


@pytest.fixture
def codecs():
    return TopicCodecs(load_settings(), KINDS)


def score_of_a_year_beyond_datetime() -> bytes:
    """Return a score with times that are valid Avro but beyond datetime."""
    plain = {**parsed_schema(SCORE), "fields": [
        {**field, "type": "long"} if field["name"] in {"event_time", "scored_at"} else field
        for field in parsed_schema(SCORE)["fields"]
    ]}  # fmt: skip
    record = {
        "transaction_id": "t", "customer_id": "c", "event_time": 2**62, "scored_at": -(2**62), "score": 0.5,
        "decision": "REVIEW", "model_id": "m", "feature_spec_hash": "h", "shard": 1, "label_offsets": [],
    }  # fmt: skip
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, plain, record)
    return RecordCodec(SCORE, "s", FileRegistry())._header + buffer.getvalue()


FOREIGN = {
    "tombstone": None,
    "empty": b"",
    "text": b"test",
    "magic byte": b"\x01\x00\x00\x00\x01abc",
    "unknown schema": b"\x00\x7f\xff\xff\xff",
    "cut body": b"\x00\x00\x00\x00\x01\xff",
    "json": b'{"transaction_id": 1}',
}


def test_each_topic_has_a_record_kind(codecs):
    assert codecs.decode(Message(Topics().transactions, transaction_codec().encode(transaction(1)))) == transaction(1)
    assert codecs.decode(Message(Topics().labels, label_codec().encode(label(1)))) == label(1)
    assert codecs.foreign.total == 0


@pytest.mark.parametrize("topic", KINDS)
@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_record_is_skipped_and_counted_in_every_topic(codecs, topic, kind):
    assert codecs.decode(Message(topic, FOREIGN[kind])) is None
    assert codecs.foreign.counts == {topic: 1}


@pytest.mark.parametrize("topic", [topic for topic in KINDS if topic != Topics().labels])
def test_record_of_another_kind_is_skipped(codecs, topic):
    assert codecs.decode(Message(topic, label_codec().encode(label(1)))) is None


def test_trailing_bytes_are_a_foreign_record(codecs):
    assert codecs.decode(Message(Topics().labels, label_codec().encode(label(1)) + b"x")) is None


def test_time_beyond_datetime_is_skipped(codecs):
    assert codecs.decode(Message(Topics().scores, score_of_a_year_beyond_datetime())) is None


def test_record_that_its_reader_refuses_is_skipped(codecs):
    payload = label_codec().encode(label(1))
    assert codecs.parse(Message(Topics().labels, payload), Deployment.from_record) is None
    assert codecs.foreign.total == 1


def test_foreign_records_are_reported_once_with_the_first_position(codecs, caplog):
    for offset in range(12, 20):
        codecs.decode(Message(Topics().alerts, b"test", offset=offset))
    (message,) = caplog.messages
    assert message == (
        "skipped a record of fraud.alerts.v1 that is no alert record "
        "(first: partition 0 offset 12: expected at least 5 header bytes, got 4)"
    )


def test_topic_that_is_read_repeatedly_is_reported_once(caplog):
    for _ in range(3):
        codecs = TopicCodecs(load_settings(), KINDS, at_once=False)
        for offset in (3, 4):
            codecs.decode(Message(Topics().drift, None, offset=offset))
        codecs.report(Topics().drift)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.messages[0].startswith("skipped 2 records of fraud.drift.v1 that are no drift records (first:")


VALID = valid_records("m")


@pytest.mark.parametrize("field", VALID)
def test_only_the_valid_record_is_read_among_foreign_ones(codecs, field):
    topic, (_, (key, payload)) = getattr(Topics(), field), VALID[field][0]
    other = VALID["labels" if field != "labels" else "drift"][0][1][1]
    foreign = foreign_records(payload, other, compacted=False)
    messages = [Message(topic, value, under, offset) for offset, (under, value) in enumerate(foreign)]
    assert codecs.decode(Message(topic, payload, key)) is not None
    assert [message for message in messages if codecs.decode(message) is not None] == []
    assert codecs.foreign.counts == {topic: len(foreign)}
