"""Rules for the field table and everything derived from it."""

import json
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pytest

from fraudstream.api.transaction import Transaction
from models.features.table import FEATURES
from models.rules.fields import TEXTS
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.file_limits import USUAL_LIMITS
from schemas.history_rules import broken_rules
from schemas.rejection import Reason
from schemas.transaction_fields import (
    LABEL_FIELDS,
    MAX_TEXT_BYTES,
    TRANSACTION_FIELDS,
    Bound,
    Degrees,
    Reader,
    Role,
    TextSize,
    names_read_by,
)
from tests.batches import LABELS, TRANSACTIONS
from tests.records import NOON_MS, label, transaction

AVRO_TYPES = {
    pa.string(): "string",
    pa.int64(): "long",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.timestamp("ms", tz="UTC"): {"type": "long", "logicalType": "timestamp-millis"},
}
KINDS = [("transaction", TRANSACTION_FIELDS), ("label", LABEL_FIELDS)]


@pytest.mark.parametrize(("kind", "fields"), KINDS)
def test_fields_are_those_of_the_avro_schema(kind, fields):
    schema = json.loads((files("schemas") / "avro" / f"{kind}.avsc").read_text())
    expected = [
        (field.name, ["null", AVRO_TYPES[field.type]] if field.nullable else AVRO_TYPES[field.type]) for field in fields
    ]
    assert [(field["name"], field["type"]) for field in schema["fields"]] == expected


@pytest.mark.parametrize(("arrow", "fields"), [(TRANSACTION_ARROW, TRANSACTION_FIELDS), (LABEL_ARROW, LABEL_FIELDS)])
def test_columns_are_the_fields(arrow, fields):
    assert [(field.name, field.type, field.nullable) for field in arrow] == [
        (field.name, field.type, field.nullable) for field in fields
    ]


def test_every_role_but_attribute_has_one_field():
    roles = [field.role for field in (*TRANSACTION_FIELDS, *LABEL_FIELDS[-2:]) if field.role is not Role.ATTRIBUTE]
    assert sorted(roles) == sorted(set(Role) - {Role.ATTRIBUTE})


def test_features_read_only_fields_marked_for_them():
    sources = {feature.source for feature in FEATURES}
    assert sources - {"is_fraud"} <= set(names_read_by(Reader.FEATURES))


def test_rules_read_all_texts_except_the_transaction_id():
    texts = {field.name for field in TRANSACTION_FIELDS if field.type == pa.string()}
    assert set(TEXTS) == texts - {"transaction_id"}


def test_api_accepts_the_fields_of_the_table():
    assert [(name, not field.is_required()) for name, field in Transaction.model_fields.items()] == [
        (field.name, field.nullable) for field in TRANSACTION_FIELDS
    ]
    assert Transaction.model_validate({field.name: field.example for field in TRANSACTION_FIELDS})


TOO_EARLY_MS = 946_684_799_999
OF_BOUNDS = {
    None: [],
    Bound.AMOUNT: [(Reason.INVALID_AMOUNT, -1), (Reason.INVALID_AMOUNT, 2**62)],
    Bound.EVENT_TIME: [
        (Reason.EVENT_TIME_TOO_OLD, TOO_EARLY_MS), (Reason.EVENT_TIME_AHEAD, NOON_MS + 25 * 3_600_000),
    ],
    Bound.PAST_TIME: [(Reason.EVENT_TIME_TOO_OLD, TOO_EARLY_MS)],
    Bound.LABEL_TIME: [(Reason.INVALID_LABEL_TIME, TOO_EARLY_MS)],
}  # fmt: skip


def invalid_values(field):
    """Return values of a field that its check refuses, each with the reason."""
    if isinstance(field.check, TextSize):
        reason = Reason.INVALID_ID if field.check.min_bytes else Reason.INVALID_TEXT
        return [(reason, "é" * (MAX_TEXT_BYTES // 2 + 1))] + [(reason, "")] * field.check.min_bytes
    if isinstance(field.check, Degrees):
        limit = field.check.max_degrees
        return [(Reason.INVALID_PLACE, value) for value in (limit + 0.1, -limit - 0.1, float("nan"), None)]
    return OF_BOUNDS[field.check]


@pytest.mark.parametrize(
    ("kind", "make", "name", "reason", "value"),
    [
        (kind, make, field.name, reason, value)
        for kind, make, fields in ((TRANSACTIONS, transaction, TRANSACTION_FIELDS), (LABELS, label, LABEL_FIELDS))
        for field in fields
        for reason, value in invalid_values(field)
    ],
)
def test_check_of_each_field_sets_a_record_aside(kind, make, name, reason, value):
    batch = kind.decode(
        [make(0), make(1, **{name: value}), make(2)], key_changes={1: value} if name == "customer_id" else None
    )
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]
    assert len(batch.records) == 2


@pytest.mark.parametrize(
    "field", [field for field in TRANSACTION_FIELDS if isinstance(field.check, TextSize | Degrees)]
)
def test_files_are_checked_by_the_table(field):
    values = [value for _, value in invalid_values(field) if value is not None]
    column = pa.chunked_array([pa.array(values, field.type)])
    assert broken_rules({field.name: column}, limits=USUAL_LIMITS)[0].count("other rows") == 1


def test_page_lists_the_fields():
    page = (Path(__file__).parents[3] / "docs" / "schemas.md").read_text()
    for field in TRANSACTION_FIELDS:
        readers = ", ".join(str(reader.name).lower() for reader in Reader if reader in field.readers)
        assert any(
            line.startswith(f"| `{field.name}` | {field.type}") and line.endswith(f"| {readers} |")
            for line in page.splitlines()
        )
