"""Records of other schema versions, decoded in one batch, equal those resolved one by one."""

import io
import json
from datetime import date
from uuid import UUID

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.avro_schemas import TRANSACTION, schema_text
from schemas.codec import RecordCodec, UndecodableError
from schemas.columns import TRANSACTION_ARROW
from schemas.framing import header
from schemas.plain_schema import plain_schema
from schemas.record_walk import RecordWalk
from schemas.registry import UnknownSchemaError
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from schemas.writer_schema import WriterSchema, _simple
from tests.extended_registry import ExtendedRegistry
from tests.records import NOON_MS, transaction

CURRENT = json.loads(schema_text(TRANSACTION))


def changed(*, without=(), more=(), **types):
    """Return the current schema without some fields, with additional ones in front, and with other types."""
    fields = [field for field in CURRENT["fields"] if field["name"] not in without]
    fields = [{**field, "type": types.get(field["name"], field["type"])} for field in fields]
    return {**CURRENT, "fields": [*more, *fields]}


CHANNEL = {"name": "channel", "type": ["null", "string"], "default": None}
ADDED = [
    CHANNEL,
    {"name": "terminal", "type": ["int", "null"], "default": 0},
    {"name": "installments", "type": "long"},
    {"name": "contactless", "type": "boolean"},
    {"name": "trust", "type": "float"},
]
SIMPLE = {
    101: changed(without={"device_id"}),
    102: changed(without={"latitude", "longitude"}, more=[CHANNEL]),
    103: changed(more=ADDED),
    105: changed(more=[{"name": "session", "type": {"type": "string", "logicalType": "uuid"}}]),
    106: changed(more=[{"name": "day", "type": {"type": "int", "logicalType": "date"}}]),
    104: changed(without={"device_id"}, more=[{"name": "device_id", "type": "string"}]),
}
OTHERS = {
    201: changed(amount_minor="int"),  # promoted
    202: changed(more=[{"name": "tags", "type": {"type": "array", "items": "string"}}]),
    203: changed(merchant_category={"type": "enum", "name": "Category", "symbols": ["grocery", "travel"]}),
    204: changed(without={"currency"}),  # the reader has no default for it
    205: changed(latitude=["null", "double", "string"]),
}
# Other content of registries: other kinds of schemas, and Avro that refers to another schema.
FOREIGN = {
    301: 'syntax = "proto3";',
    302: '{"type": "object", "properties": {}}',
    303: json.dumps({**CURRENT, "fields": [{"name": "place", "type": "fraudstream.Place"}]}),
    304: '"string"',
    305: "[]",
}


registry = ExtendedRegistry({key: json.dumps(schema) for key, schema in {**SIMPLE, **OTHERS}.items()} | FOREIGN)
decoder = TransactionBatchDecoder("t-value", registry, Limits())
reader = RecordCodec(TRANSACTION, "t-value", registry)
extras = {"channel": "web", "terminal": 7, "installments": -3, "contactless": True, "trust": 0.5, "tags": ["a", "b"]}
extras |= {"session": UUID(int=7), "day": date(2026, 3, 2)}


def payload(record, schema_id):
    if schema_id is None:
        return reader.encode(record)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(json.loads(registry.schema_for(schema_id))), record)
    return header(schema_id) + body.getvalue()


def simple_form(schema_id):
    return WriterSchema.of(plain_schema(registry.schema_for(schema_id)), schema_id, CURRENT, TRANSACTION_ARROW)


@pytest.mark.parametrize("schema_id", SIMPLE)
def test_added_and_removed_fields_are_simple(schema_id):
    assert simple_form(schema_id) is not None


@pytest.mark.parametrize("schema_id", OTHERS)
def test_schemas_that_need_a_conversion_are_left_to_the_record_codec(schema_id):
    assert simple_form(schema_id) is None


def alone(made):
    """Return a payload decoded by the record codec, None if it refuses it."""
    try:
        return reader.decode(made)
    except (UndecodableError, UnknownSchemaError):
        return None


records = st.builds(
    transaction,
    number=st.integers(0, 100),
    merchant_id=st.text(min_size=1, max_size=40),
    amount_minor=st.integers(0, 2**31 - 1),
    device_id=st.text(max_size=20),
)
damages = st.none() | st.just(b"\x00") | st.just(b"cut")


@given(
    batch=st.lists(
        st.tuples(records, st.sampled_from([None, *SIMPLE, *OTHERS, 999]), damages, st.none() | st.text(max_size=9)),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=200, deadline=None)
def test_batch_of_mixed_writers_equals_decoding_record_by_record(batch):
    payloads, keys = [], []
    for record, schema_id, damage, channel in batch:
        full = {**extras, "channel": channel, **record}
        made = payload(full, None if schema_id == 999 else schema_id)
        if schema_id == 999:
            made = header(999) + made[5:]
        payloads.append(made[:-2] if damage == b"cut" else made + (damage or b""))
        keys.append(record["customer_id"])
    decoded = decoder.decode(keys, payloads, np.full(len(payloads), NOON_MS))
    resolved = [alone(made) for made in payloads]
    invalid = [row for row, record in enumerate(resolved) if record is None]
    assert [item.row for item in decoded.rejections] == invalid
    assert decoded.records.to_pylist() == [record for record in resolved if record is not None]
    decoded.records.validate(full=True)


@pytest.mark.parametrize("schema_id", FOREIGN)
def test_id_of_no_transaction_schema_sets_the_record_aside(schema_id):
    valid = reader.encode(transaction(0))
    decoded = decoder.decode(["c0", "c0"], [valid, header(schema_id) + valid[5:]], np.full(2, NOON_MS))
    assert [item.row for item in decoded.rejections] == [1]
    assert decoded.records.to_pylist() == [transaction(0)]


def test_nulls_in_required_fields_are_refused_while_decoding():
    # Later they would make the whole batch raise.
    writer = changed(merchant_id=["null", "string"])
    fields = [_simple(field) for field in plain_schema(json.dumps(writer))["fields"]]
    form = WriterSchema(json.dumps(writer), RecordWalk(writer, 101), fields, CURRENT, TRANSACTION_ARROW)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(writer), transaction(0, merchant_id=None))
    with pytest.raises(ValueError, match="expected a value in merchant_id, got null"):
        form.decode([header(101) + body.getvalue()], 65_536)
