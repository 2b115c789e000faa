"""Ids of transactions, read without decoding."""

import io
import json

import fastavro

from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.observe.metrics.transaction_ids import TransactionIds
from fraudstream.settings.settings import load_settings
from schemas.avro_schemas import TRANSACTION, schema_text
from schemas.framing import header
from tests.extended_registry import ExtendedRegistry
from tests.records import transaction, transaction_codec
from tests.unit.fraudstream.kafka.topic_messages import Message

TOPIC = "fraud.transactions.v1"
REVERSED = {**json.loads(schema_text(TRANSACTION)), "fields": json.loads(schema_text(TRANSACTION))["fields"][::-1]}


def reader():
    registry = ExtendedRegistry({99: json.dumps(REVERSED)})
    return TransactionIds(TopicCodecs(load_settings(), {TOPIC: TRANSACTION}, registry=registry), registry)


def test_id_is_found_in_any_sequence_of_fields():
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(REVERSED), transaction(1))
    for payload in (header(99) + body.getvalue(), transaction_codec().encode(transaction(1))):
        assert reader().read(Message(TOPIC, payload, key=b"c1")) == (b"c1", b"t000001")


def test_invalid_record_has_no_id():
    for payload in (None, b"", b"test", b"\x00\x7f\xff\xff\xff"):
        assert reader().read(Message(TOPIC, payload)) is None
