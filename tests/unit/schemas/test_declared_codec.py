"""Single transactions in a deployment's own schema."""

import numpy as np

from schemas.declared_codec import DeclaredCodec
from schemas.registry import FileRegistry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.records import NOON_MS, transaction
from tests.unit.schemas.declaration.declarations import declared, payments

TEXT = '[transaction]\nschema = "p.avsc"\nroles = { customer_id = "card" }\n[columns]\nip = "text"\n'
FIELDS = [
    {"name": "session", "type": "string", "default": "none"},
    {"name": "ip", "type": ["null", "string"], "default": None},
]


def test_record_is_read_under_the_transactions_names_as_a_batch_is(tmp_path):
    declaration, registry = declared(tmp_path, TEXT, p=payments(*FIELDS, customer_id="card")), FileRegistry()
    codec = DeclaredCodec(declaration, "t-value", registry)
    records = [transaction(1, ip="10.0.0.1"), transaction(2)]
    payloads = [codec.encode(record) for record in records]
    assert [codec.decode(payload) for payload in payloads] == [records[0], {**records[1], "ip": None}]
    decoder = TransactionBatchDecoder("t-value", registry, Limits(), lambda: NOON_MS, declaration=declaration)
    found = decoder.decode([record["customer_id"] for record in records], payloads, np.full(2, NOON_MS))
    assert found.records.to_pylist() == [records[0], {**records[1], "ip": None}]


def test_field_that_the_schema_leaves_out_is_none(tmp_path):
    schema = payments(*FIELDS, customer_id="card")
    schema = {**schema, "fields": [field for field in schema["fields"] if field["name"] != "device_id"]}
    codec = DeclaredCodec(declared(tmp_path, TEXT, p=schema), "t-value", FileRegistry())
    assert codec.decode(codec.encode(transaction(1)))["device_id"] is None
