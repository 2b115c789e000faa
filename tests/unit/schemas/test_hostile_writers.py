"""Writer schemas that break decoders: each record is decoded by Avro's rules or set aside, none raises."""

import io
import json
from uuid import UUID

import fastavro
import numpy as np
import pytest

from schemas.avro_schemas import CONTROL, LABEL, RULES, TRANSACTION, schema_json
from schemas.batch_checks import breaks_limits
from schemas.batch_decoder import BatchDecoder, BatchKind
from schemas.codec import RecordCodec, UndecodableError
from schemas.framing import header
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import FileRegistry, UnknownSchemaError
from schemas.rejection import MAX_DETAIL, Reason
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.transaction_fields import TRANSACTION_FIELDS
from schemas.validation import TRANSACTION_CHECKS, Limits
from tests.extended_registry import ExtendedRegistry
from tests.records import NOON_MS, label, transaction

WRITER = 900
UUID_TEXT = "8b6f7a52-5c0e-4d0c-9a53-0d1c6f6a9f11"
UUID_TYPE = {"type": "string", "logicalType": "uuid"}
DECODERS = {TRANSACTION: TransactionBatchDecoder, LABEL: LabelBatchDecoder}
MAKE = {TRANSACTION: transaction, LABEL: label}


def changed(kind, more=(), **types):
    schema = schema_json(kind)
    fields = [{**field, "type": types.get(field["name"], field["type"])} for field in schema["fields"]]
    return {**schema, "fields": [*fields, *more]}


def body(schema, record):
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), record)
    return header(WRITER) + buffer.getvalue()


def decode(kind, schema, payloads, customer="c0"):
    """Decode payloads of a writer, followed by a valid record of the committed schema."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    registry = ExtendedRegistry({WRITER: text})
    good = RecordCodec(kind, "", registry).encode(MAKE[kind](0))
    decoder = DECODERS[kind]("", registry, Limits())
    batch = decoder.decode([customer] * len(payloads) + ["c0"], [*payloads, good], np.full(len(payloads) + 1, NOON_MS))
    assert batch.records.to_pylist()[-1] == MAKE[kind](0), "the good record suffers nothing"
    return batch


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("more", [[], [{"name": "tags", "type": {"type": "array", "items": "string"}}]])
@pytest.mark.parametrize("nullable", [False, True])
def test_uuid_is_decoded_as_a_string(kind, more, nullable):
    # With an array the records are decoded one by one, without it together.
    names = {"transaction_id": UUID_TYPE} if not nullable else {"transaction_id": ["null", UUID_TYPE]}
    schema = changed(kind, more, **names)
    batch = decode(kind, schema, [body(schema, {**MAKE[kind](0), "transaction_id": UUID(UUID_TEXT), "tags": ["a"]})])
    assert batch.rejections == []
    assert batch.records["transaction_id"][0].as_py() == UUID_TEXT


def test_invalid_uuid_is_decoded_as_a_string():
    schema = changed(TRANSACTION, merchant_id=UUID_TYPE)
    batch = decode(TRANSACTION, schema, [body(changed(TRANSACTION), transaction(0, merchant_id="no uuid"))])
    assert batch.records["merchant_id"].to_pylist()[0] == "no uuid"


LOGICAL = [
    ("long", "timestamp-millis"), ("long", "timestamp-micros"), ("long", "timestamp-nanos"), ("long", "time-micros"),
    ("long", "local-timestamp-millis"), ("long", "decimal"), ("long", "uuid"), ("long", "no-such-type"), ("long", 7),
    ("int", "date"), ("int", "time-millis"), ("int", "timestamp-millis"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "logical"), LOGICAL)
@pytest.mark.parametrize("more", [[], [{"name": "tags", "type": {"type": "map", "values": "int"}}]])
def test_logical_type_of_a_number_is_ignored(kind, logical, more):
    plain, schema = (
        changed(TRANSACTION, more, amount_minor=type_) for type_ in (kind, {"type": kind, "logicalType": logical})
    )
    batch = decode(TRANSACTION, schema, [body(plain, {**transaction(0, amount_minor=77), "tags": {"a": 1}})])
    assert batch.rejections == []
    assert batch.records["amount_minor"][0].as_py() == 77


@pytest.mark.parametrize(
    "added",
    [
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 9},
        {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
        {"type": "fixed", "name": "E", "size": 3, "logicalType": "decimal", "precision": 99},
        {"type": "string", "logicalType": ["uuid"]},
    ],
)
def test_even_an_invalid_logical_type_of_an_added_field_is_ignored(added):
    plain = {name: value for name, value in added.items() if name != "logicalType"}
    value = {"bytes": b"12", "fixed": bytes(added.get("size", 0)), "string": "x"}[added["type"]]
    payload = body(changed(TRANSACTION, [{"name": "more", "type": plain}]), {**transaction(0), "more": value})
    batch = decode(TRANSACTION, changed(TRANSACTION, [{"name": "more", "type": added}]), [payload])
    assert batch.records.to_pylist()[0] == transaction(0)


OTHER_TIMES = ["timestamp-micros", "timestamp-nanos", "local-timestamp-millis", "local-timestamp-micros", "time-micros"]


@pytest.mark.parametrize("unit", OTHER_TIMES)
@pytest.mark.parametrize("where", ["type", "field", "union"])
def test_time_in_another_unit_is_set_aside_with_both_units(unit, where):
    schema = changed(TRANSACTION, event_time={"type": "long", "logicalType": unit})
    if where == "union":
        schema["fields"][-1]["type"] = ["null", schema["fields"][-1]["type"]]
    if where == "field":
        schema["fields"][-1] |= {"type": "long", "logicalType": unit}
    payload = body(changed(TRANSACTION, event_time="long"), transaction(0, event_time=NOON_MS))
    (rejection,) = decode(TRANSACTION, schema, [payload]).rejections
    assert rejection.reason is Reason.UNDECODABLE
    assert rejection.detail.startswith(f"event_time: expected timestamp-millis, got {unit}")


def test_plain_long_is_a_time_of_the_reader_schema():
    schema = changed(TRANSACTION, event_time="long")
    batch = decode(TRANSACTION, schema, [body(schema, transaction(0, event_time=NOON_MS))])
    assert batch.records.to_pylist()[0] == transaction(0)


def test_times_in_rule_books_and_deployments_of_other_writers_are_read():
    for kind in (RULES, CONTROL):
        schema = changed(kind, changed_at="long", changed_by=UUID_TYPE)
        book = {"book_id": "b", "changed_at": NOON_MS, "changed_by": UUID_TEXT, "reason": "", "rules": []}
        served = {"model_id": "m", "location": "l", "sha256": "s"}
        record = book | {"deployment_id": "d", "champion": served}
        read = RecordCodec(kind, "", ExtendedRegistry({WRITER: json.dumps(schema)})).decode(body(schema, record))
        assert (read["changed_at"].timestamp() * 1000, read["changed_by"]) == (NOON_MS, UUID_TEXT)


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("namespace", ["fraudstream", "com.bank"])
def test_other_record_name_is_reported_first(kind, namespace):
    schema = {**schema_json(kind), "name": "Payment", "namespace": namespace}
    (rejection,) = decode(kind, schema, [body(schema, MAKE[kind](0))]).rejections
    assert rejection.reason is Reason.UNDECODABLE
    expected = schema_json(kind)["name"]
    assert rejection.detail.startswith(f"record name {namespace}.Payment, expected {expected}")


NODE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}


def laughs(levels):
    """Return a type whose one value holds 10^levels nulls in no bytes."""
    kind = {"type": "record", "name": "L0", "fields": [{"name": "n", "type": "null"}]}
    for level in range(1, levels):
        fields = [{"name": "a", "type": kind}, *({"name": f"b{i}", "type": f"L{level - 1}"} for i in range(9))]
        kind = {"type": "record", "name": f"L{level}", "fields": fields}
    return kind


ADDED_BOMBS = {
    "nested 5,000 deep": (NODE, b"\x02" * 5_000 + b"\x00"),
    "nested 60,000 deep": ({"type": "array", "items": NODE}, b"\x02" + b"\x02" * 60_000 + b"\x00\x00"),
    "2^40 nulls": ({"type": "array", "items": "null"}, b"\x80\x80\x80\x80\x80\x80\x01\x00"),
    "-2^62 nulls": ({"type": "array", "items": "null"}, b"\xff" * 9 + b"\x01\x00\x00"),
    "2^60 bytes": ("bytes", b"\x80" * 8 + b"\x20"),
    "2^60 entries": ({"type": "map", "values": "null"}, b"\x80" * 8 + b"\x20"),
    "2^40 empty records": (
        {"type": "array", "items": {"type": "record", "name": "E", "fields": []}},
        b"\x80\x80\x80\x80\x80\x80\x01\x00",
    ),
    "2^40 fixed of no size": (
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
        b"\x80\x80\x80\x80\x80\x80\x01\x00",
    ),
    "10^12 nulls of 12 levels": (laughs(12), b""),
    "a branch that is none": (["null", {"type": "array", "items": "int"}], b"\x08"),
}


@pytest.mark.parametrize("bomb", ADDED_BOMBS)
def test_counts_and_depths_beyond_the_bytes_are_refused_at_once(bomb):
    kind, tail = ADDED_BOMBS[bomb]
    schema = changed(TRANSACTION, [{"name": "more", "type": kind}])
    payload = body(changed(TRANSACTION), transaction(0)) + tail
    (rejection,) = decode(TRANSACTION, schema, [payload]).rejections
    assert rejection.reason is Reason.UNDECODABLE


def deep(levels):
    return '{"type":"array","items":' * levels + '"int"' + "}" * levels


def with_more(kind):
    return json.dumps(changed(TRANSACTION, [{"name": "more", "type": 0}])).replace('"type": 0', f'"type": {kind}')


NO_SCHEMAS = {
    "deep": with_more(deep(100)),
    "so deep that no parser bears it": with_more(deep(100_000)),
    "huge": json.dumps({**changed(TRANSACTION), "doc": "x" * 2_000_000}),
    "many types": with_more("[" + ",".join(['"int"'] * 20_000) + "]"),
    "no fields": '{"type": "record", "name": "Transaction"}',
    "fields that are none": '{"type": "record", "name": "Transaction", "fields": [1, null, "x"]}',
    "a field without type": '{"type": "record", "name": "Transaction", "fields": [{"name": "a"}]}',
    "size that is none": with_more('{"type": "fixed", "name": "F", "size": -1}'),
    "size that is a text": with_more('{"type": "fixed", "name": "F", "size": "4"}'),
    "name that is no text": with_more('{"type": "enum", "name": {}, "symbols": ["A"]}'),
    "surrogate": with_more('"\\ud800"'),
    "null": "null",
    "number": "1e999",
    "empty": "",
    "protobuf": 'syntax = "proto3";',
}


@pytest.mark.parametrize("name", NO_SCHEMAS)
def test_invalid_schema_sets_its_records_aside(name):
    payload = header(WRITER) + RecordCodec(TRANSACTION, "", FileRegistry()).encode(transaction(0))[5:]
    (rejection,) = decode(TRANSACTION, NO_SCHEMAS[name], [payload]).rejections
    assert rejection.reason in {Reason.UNKNOWN_SCHEMA, Reason.UNDECODABLE}
    assert len(rejection.detail.encode()) <= 4 * MAX_DETAIL
    with pytest.raises((UnknownSchemaError, UndecodableError)):
        RecordCodec(TRANSACTION, "", ExtendedRegistry({WRITER: NO_SCHEMAS[name]})).decode(payload)


@pytest.mark.parametrize("kind", [["string"], [["null", "string"]], {"type": {"type": "string"}}, {"type": "string"}])
def test_odd_forms_of_a_type_are_read_correctly_or_set_aside(kind):
    schema = changed(TRANSACTION, [{"name": "more", "type": kind}])
    payload = body(changed(TRANSACTION), transaction(0)) + b"\x00"
    batch = decode(TRANSACTION, schema, [payload])
    assert len(batch.records) + len(batch.rejections) == 2


def test_invalid_default_of_the_writer_is_ignored():
    schema = changed(TRANSACTION, [{"name": "more", "type": "int", "default": "no number"}])
    payload = body(changed(TRANSACTION), transaction(0)) + b"\x06"
    assert decode(TRANSACTION, schema, [payload]).rejections == []


class Panic(BaseException):
    """A panic of Rust code, which is no Exception."""


@pytest.mark.parametrize("error", [RuntimeError("odd amount"), Panic("odd amount"), MemoryError("odd amount")])
def test_only_records_that_make_a_step_raise_are_set_aside(error):
    calls = []

    def faulty(fields, columns, kafka_time_ms, limits, now_ms):
        calls.append(columns.rows)
        if np.any(columns.numbers["amount_minor"] == 666):
            raise error
        return breaks_limits(fields, columns, kafka_time_ms, limits, now_ms)

    kind = BatchKind(
        name=TRANSACTION, fields=TRANSACTION_FIELDS, checks=TRANSACTION_CHECKS, breaks_limits=faulty,
    )  # fmt: skip
    decoder = BatchDecoder(kind, "", FileRegistry(), Limits())
    codec = RecordCodec(TRANSACTION, "", FileRegistry())
    records = [transaction(n, amount_minor=666 if n in {3, 700} else 1_000 + n) for n in range(1_000)]
    records[500] = transaction(500, customer_id="")
    keys = [record["customer_id"] for record in records]
    batch = decoder.decode(keys, [codec.encode(record) for record in records], np.full(1_000, NOON_MS + 10**8))
    assert [(item.row, item.reason) for item in batch.rejections] == [
        (3, Reason.INTERNAL), (500, Reason.INVALID_ID), (700, Reason.INTERNAL),
    ]  # fmt: skip
    assert batch.rejections[0].detail == f"{type(error).__name__}: odd amount"
    assert batch.records.to_pylist() == [record for n, record in enumerate(records) if n not in {3, 500, 700}]
    assert sum(calls) < 10_000, "halves, not the whole batch for each row"
