"""Declared columns of random schemas, decoded in one batch, equal what fastavro reads of each record."""

import io
import json
import math
from datetime import UTC, datetime, timedelta

import fastavro
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.encoding import encode_transactions
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.declaration_parser import parse_declaration
from schemas.declaration.with_declared import with_declared
from schemas.framing import HEADER_BYTES, header
from schemas.registry import FileRegistry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.records import NOON_MS, transaction
from tests.unit.schemas.declaration.declarations import payments

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME = {"type": "long", "logicalType": "timestamp-millis"}
TYPES = {
    "number": ["int", "long", "float", "double"],
    "category": ["string"],
    "text": ["string"],
    "flag": ["boolean"],
    "time": [TIME],
}
VALUES = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "string": st.text(max_size=100),
    "boolean": st.booleans(),
    "time": st.integers(-(2**40), 2**45).map(lambda ms: EPOCH + timedelta(milliseconds=ms)),
}


@st.composite
def streams(draw):
    """Return a declaration with its schema, and records of it; with them those of the transaction's own schema."""
    kinds = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5))
    names = [f"own_{number}" for number in range(len(kinds))]
    types = [draw(st.sampled_from(TYPES[kind])) for kind in kinds]
    written = [draw(st.sampled_from([kind, ["null", kind], [kind, "null"]])) for kind in types]
    more = [{"name": "day", "type": {"type": "int", "logicalType": "date"}}] if draw(st.booleans()) else []
    roles = draw(st.sampled_from([{}, {"customer_id": "card", "event_time": "paid_at"}]))
    schema = payments(*more, *({"name": n, "type": t} for n, t in zip(names, written, strict=True)), **roles)
    tables = {"transaction": {"schema": "p", "roles": roles}, "columns": dict(zip(names, kinds, strict=True))}
    declaration = parse_declaration(tables, lambda _name: schema)
    values = [VALUES["time" if kind is TIME else kind] for kind in types]
    values = [st.none() | v if isinstance(w, list) else v for v, w in zip(values, written, strict=True)]
    rows = draw(st.lists(st.tuples(*values), min_size=1, max_size=12))
    own = [dict(zip(names, row, strict=True)) for row in rows]
    day = {"day": datetime(2026, 3, 2, tzinfo=UTC).date()} if more else {}
    records = [{**transaction(number), **row, **day} for number, row in enumerate(own)]
    return declaration, schema, roles, records


def canonical(value, kind):
    """Return a declared value as the job has it."""
    if kind.value == "number" and value is not None:
        return float(value) if math.isfinite(value) else None
    return value


@settings(max_examples=60, deadline=None)
@given(streams())
def test_columns_equal_those_of_fastavro(stream):
    declaration, schema, roles, records = stream
    registry = FileRegistry()
    decoder = TransactionBatchDecoder("t-value", registry, Limits(), lambda: NOON_MS, declaration=declaration)
    parsed, head = fastavro.parse_schema(json.loads(json.dumps(schema))), header(declaration.schema.id)
    payloads = []
    for record in records:
        body = io.BytesIO()
        fastavro.schemaless_writer(body, parsed, {roles.get(name, name): value for name, value in record.items()})
        payloads.append(head + body.getvalue())
    keys = [record["customer_id"] for record in records]
    found = decoder.decode(keys, payloads, np.full(len(keys), NOON_MS))
    good = [row for row in range(len(records)) if row not in {item.row for item in found.rejections}]
    assert found.records.schema == with_declared(TRANSACTION_ARROW, declaration)
    read = [fastavro.schemaless_reader(io.BytesIO(payloads[row][HEADER_BYTES:]), parsed, None) for row in good]
    for column in declaration.columns:
        expected = [canonical(record[column.name], column.kind) for record in read]
        assert found.records.column(column.name).to_pylist() == expected
    # A text of over 256 bytes is the only one that is rejected.
    long = [
        row for row, record in enumerate(records)
        if any(isinstance(record[c.name], str) and len(record[c.name].encode()) > 256 for c in declaration.columns)
    ]  # fmt: skip
    assert [item.row for item in found.rejections] == long


@settings(max_examples=40, deadline=None)
@given(streams())
def test_encoded_columns_are_decoded_again(stream):
    declaration, _, _, records = stream
    if any(field.name == "day" for field in declaration.schema.fields):
        return  # our producers know no values of a field that is not declared and must have one
    arrow = with_declared(TRANSACTION_ARROW, declaration)
    rows = [{**r, **{c.name: canonical(r[c.name], c.kind) for c in declaration.columns}} for r in records]
    rows = [row for row in rows if _fits(row, declaration)]
    table, registry = pa.Table.from_pylist(rows, schema=arrow), FileRegistry()
    encoded = list(encode_transactions(table, registry, "t-value", declaration=declaration))
    decoder = TransactionBatchDecoder("t-value", registry, Limits(), lambda: NOON_MS, declaration=declaration)
    found = decoder.decode([key.decode() for key, _ in encoded], [value for _, value in encoded],
                           np.full(len(encoded), NOON_MS))  # fmt: skip
    if found.rejections:
        return
    assert found.records.to_pylist() == table.to_pylist()


def _fits(row, declaration):
    """Return whether our producers can write a row: a number of at most 53 bits, and one where there is no null."""
    types = {field.name: field for field in declaration.schema.fields}
    for column in declaration.columns:
        value, field = row[column.name], types[column.name]
        if value is None and not field.nullable:
            return False
        if column.kind.value == "number" and value is not None and field.type in {"int", "long"} and abs(value) > 2**53:
            return False
    return True
