"""Declared columns in the bodies of requests."""

import numpy as np
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from fraudstream.api.declared_transaction import transaction_type
from fraudstream.api.score_routes import score_router
from fraudstream.api.transaction import EXAMPLE, Transaction
from schemas.declared_codec import DeclaredCodec
from schemas.registry import FileRegistry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.unit.schemas.declaration.declarations import COLUMNS, declared, payments

FIELDS = [
    {"name": "risk", "type": "int"},
    {"name": "entry_mode", "type": ["null", "string"]},
    {"name": "declined", "type": ["null", "boolean"]},
    {"name": "ip", "type": ["null", "string"]},
    {"name": "opened", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
]
OWN = {"risk": 3, "entry_mode": "chip", "declined": True, "ip": "10.0.0.1", "opened": "2026-11-01T13:00:00+01:00"}


@pytest.fixture
def declaration(tmp_path):
    text = '[transaction]\nschema = "p.avsc"\nroles = { customer_id = "card" }\n' + COLUMNS
    return declared(tmp_path, text, p=payments(*FIELDS, customer_id="card"))


@pytest.mark.parametrize("own", [OWN, {"risk": -(2**31)}, {**OWN, "opened": None, "ip": ""}])
def test_body_becomes_a_record_that_the_job_reads(declaration, own):
    record = transaction_type(declaration)(**{**EXAMPLE, **own}).record()
    payload = DeclaredCodec(declaration, "t-value", FileRegistry()).encode(record)
    decoder = TransactionBatchDecoder("t-value", FileRegistry(), Limits(), declaration=declaration)
    found = decoder.decode([record["customer_id"]], [payload], np.array([record["event_time"]]))
    assert not found.rejections
    (read,) = found.records.to_pylist()
    assert {name: read[name] for name in ("risk", "declined", "ip")} == {
        name: own.get(name) for name in ("risk", "declined", "ip")
    }
    expected = "2026-11-01 12:00:00+00:00" if own.get("opened") else "None"
    assert str(read["opened"]) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk": None}, {"risk": 2**31}, {"risk": 1.5}, {"entry_mode": 7}, {"ip": "1" * 257}, {"declined": 1},
        {"opened": 5}, {"opened": "2026-11-01T13:00:00"}, {"unknown": 1},
    ],
)  # fmt: skip
def test_value_that_the_job_could_not_read_is_refused(declaration, wrong):
    with pytest.raises(ValidationError):
        transaction_type(declaration)(**{**EXAMPLE, **OWN, **wrong})


def test_column_without_null_is_required(declaration):
    with pytest.raises(ValidationError, match="risk"):
        transaction_type(declaration)(**EXAMPLE)


def test_openapi_has_the_columns_and_an_example_that_is_valid(declaration):
    application = FastAPI()
    application.include_router(score_router(transaction_type(declaration)))
    schemas = application.openapi()["components"]["schemas"]
    found = schemas["Transaction"]
    assert list(found["properties"]) == [*EXAMPLE, *OWN]
    assert {"risk", "customer_id"} <= set(found["required"])
    transaction_type(declaration)(**found["examples"][0])


def test_without_a_declaration_the_model_is_the_transactions():
    assert transaction_type(None) is Transaction
