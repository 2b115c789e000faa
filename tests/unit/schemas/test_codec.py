"""Record codec and framing."""

import io
import json

import fastavro
import pytest

from schemas.avro_schemas import TRANSACTION, schema_text
from schemas.codec import RecordCodec, TrailingBytesError, UndecodableError
from schemas.framing import HEADER_BYTES, header
from schemas.registry import FileRegistry, UnknownSchemaError
from schemas.transaction_fields import TRANSACTION_FIELDS
from tests.extended_registry import ExtendedRegistry
from tests.records import transaction, transaction_codec


def test_framing_is_a_zero_byte_and_a_big_endian_id():
    assert header(258) == b"\x00\x00\x00\x01\x02"


def test_decode_returns_what_was_encoded():
    codec = transaction_codec()
    assert codec.decode(codec.encode(transaction(3))) == transaction(3)


def test_payload_is_framed_avro_that_fastavro_reads():
    payload = transaction_codec().encode(transaction(3))
    body = io.BytesIO(payload[HEADER_BYTES:])
    assert payload[:HEADER_BYTES] == header(FileRegistry().id_for("", TRANSACTION))
    assert fastavro.schemaless_reader(body, json.loads(schema_text(TRANSACTION))) == transaction(3)


@pytest.mark.parametrize("payload", [b"", b"\x00\x00", b"\x01" * 40, b"\x00\x00\x00\x00\x01"])
def test_undecodable_payload_is_refused(payload):
    with pytest.raises(UndecodableError, match="expected"):
        transaction_codec().decode(payload)


def test_unknown_schema_id_is_refused_with_the_known_ones():
    with pytest.raises(UnknownSchemaError, match="got 999"):
        transaction_codec().decode(header(999) + b"body")


def test_trailing_bytes_are_refused():
    codec = transaction_codec()
    with pytest.raises(TrailingBytesError, match="got 2 more"):
        codec.decode(codec.encode(transaction()) + b"xx")


def test_older_writer_schema_is_resolved_with_defaults():
    schema = json.loads(schema_text(TRANSACTION))
    schema["fields"] = [field for field in schema["fields"] if "default" not in field]
    registry = ExtendedRegistry({77: json.dumps(schema)})
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, transaction(4))
    record = RecordCodec(TRANSACTION, "x-value", registry).decode(header(77) + body.getvalue())
    assert record == transaction(4) | {field.name: None for field in TRANSACTION_FIELDS if field.nullable}
