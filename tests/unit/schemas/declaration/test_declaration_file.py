"""Reading of declarations, and their mistakes."""

import pytest

from schemas.declaration.column_kind import ColumnKind
from schemas.declaration.declaration import Declaration, DeclarationError
from schemas.declaration.declaration_file import read_declaration
from schemas.mapping.map_parser import parse_map
from schemas.mapping.transaction_map import COLUMN_KINDS
from schemas.registry import FileRegistry
from tests.unit.schemas.declaration.declarations import COLUMNS, declared, payments, written
from tests.unit.schemas.mapping.maps import FIELDS

RISK = {"name": "risk", "type": ["null", "double"], "default": None}


def test_columns_entities_and_features_are_read_in_the_order_of_the_file(tmp_path):
    found = declared(tmp_path, COLUMNS + '[[features]]\nname = "n"\ncount = "*"\n')
    assert [column.name for column in found.columns] == ["risk", "entry_mode", "declined", "ip", "opened"]
    assert [column.name for column in found.feature_columns] == ["risk", "entry_mode", "declined", "opened"]
    assert [(entity.name, entity.columns) for entity in found.entities] == [("ip", ("ip",))]
    assert found.raw_features == ({"name": "n", "count": "*"},)
    assert Declaration.from_dict(found.to_dict()) == found


def test_hash_is_of_the_meaning_not_of_the_encoding(tmp_path):
    plain = declared(tmp_path, '[columns]\nrisk = "number"\n')
    named = declared(
        tmp_path,
        '[transaction]\nschema = "payments.avsc"\nroles = { customer_id = "card" }\n[columns]\nrisk = "number"\n',
        payments=payments(RISK, customer_id="card"),
    )
    assert plain.hash == named.hash
    assert plain.schema != named.schema
    assert declared(tmp_path, '[columns]\nrisk = "time"\n').hash != plain.hash


def test_map_of_a_file_is_a_declaration_of_its_further_columns(tmp_path):
    tables = {"transaction": FIELDS, "columns": {"risk": {"kind": "number", "column": "Risiko"}, "ip": "text"}}
    lines = ['risk = { kind = "number", column = "Risiko" }', 'ip = "text"']
    fields = '[transaction]\nevent_time = "Zeit"\n'
    found = declared(tmp_path, fields + '[file]\nseparator = ";"\n[columns]\n' + "\n".join(lines))
    mapped = parse_map(tables).arrow
    assert [*found.arrow] == [mapped.field("risk"), mapped.field("ip")]
    assert set(COLUMN_KINDS) == {kind.value for kind in ColumnKind}


def test_ids_without_a_registry_are_derived_from_the_schema(tmp_path):
    declaration = declared(tmp_path)
    registry = FileRegistry()
    schema_id = registry.id_for("t-value", declaration.schema)
    assert schema_id >= 2**30
    assert registry.schema_for(schema_id) == declaration.schema.text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[colums]\nrisk = "number"', "expected known names in the declaration, got colums: did you mean columns?"),
        ('[columns]\nrisk = "nummber"', "as the kind of risk in [columns], got 'nummber': did you mean number?"),
        ("[columns]\nrisk = 5", "as the kind of risk in [columns], got 5"),
        ('[columns]\n"ip address" = "text"', "expected names of letters, digits and _ in [columns], got 'ip address'"),
        ('[columns]\ncurrency = "category"', "got currency. Each transaction has it: remove it"),
        ('[columns]\nscore = "number"', "expected names in [columns] that no record has already, got score. Rename"),
        ('[columns]\nfee = "number"\n[entities]\nfees = "fee"', "column of fees in [entities], got fee, a number"),
        ('[columns]\nip = "text"\n[entities]\nip = "ipp"', "got ipp, which is not declared: did you mean ip?"),
        ('[entities]\nplace = "latitude"', "column of place in [entities], got latitude, a number or time"),
        ('[columns]\nip = "text"\n[entities]\nip = ["ip", "ip"]', "a list of different ones as ip in [entities]"),
        ('[columns]\nip = "text"\n[entities]\ndevice = "ip"', "expected device_id as device in [entities], got 'ip'"),
        (
            '[transaction]\nroles = { customer_id = "card", merchant_id = "card" }',
            "expected each field under one role in roles in [transaction], got card as customer_id and merchant_id",
        ),
        (
            '[transaction]\nroles = { amount = "betrag" }',
            "in roles in [transaction], got amount: did you mean amount_minor",
        ),
        ("[transaction]\nroles = { customer_id = 7 }", "the name of a field as customer_id of roles"),
        ('[transaction]\nroles = "card"', "expected a table of names as roles in [transaction]"),
        (
            '[transaction]\nroles = { device_id = "ip" }\n[columns]\nip = "text"',
            "expected a field of its own as device_id of roles in [transaction], got ip of [columns]",
        ),
        ('[transaction]\nshema = "a.avsc"', "in [transaction], got shema: did you mean schema?"),
        ('[transaction]\nschema = "other.avsc"', "other.avsc, got: No such file or directory. Correct schema"),
        ('[transaction]\nschema = "broken.avsc"', "expected JSON in"),
        ('[transaction]\nschema = "list.avsc"', "expected the Avro schema of a record in list.avsc, got ['string']"),
        ('[transaction]\nschema = "payments.avsc"', "a field customer_id in payments.avsc, as customer_id, found none"),
        (
            '[transaction]\nschema = "plain.avsc"\n[columns]\nrisc = "number"',
            "expected a field risc in plain.avsc, of [columns], found none: did you mean risk?",
        ),
        (
            '[transaction]\nschema = "plain.avsc"\n[columns]\nrisk = "category"',
            "expected string as the type of risk in plain.avsc, a category, got 'double'. Declare another kind",
        ),
        ('[transaction]\nschema = "nested.avsc"', "got tags of"),
        ('[transaction]\nschema = "amounts.avsc"', "expected long as the type of amount_minor in amounts.avsc"),
        ('[transaction]\nschema = "nulls.avsc"', "got a type with null. Change the schema"),
        ("[[columns]]\nrisk = 1", "expected a table [columns]"),
        ("features = 5", "expected tables [[features]], got 5"),
        ("[[features]]\nsince = 2026-01-01", "expected texts, numbers and flags in [[features]], got a date or time"),
        ('[columns]\nrisk = "number"\nrisk = "flag"', "expected TOML in"),
    ],
)
def test_mistake_is_one_line_that_says_what_to_do(tmp_path, text, line):
    def typed(name, kind):
        return {**payments(), "fields": [{**f, "type": kind} if f["name"] == name else f for f in payments()["fields"]]}

    path = written(
        tmp_path,
        text,
        broken="{",
        list=["string"],
        payments=payments(customer_id="karte_nummer_x"),
        plain=payments(RISK),
        nested=payments({"name": "tags", "type": {"type": "array", "items": "string"}}),
        amounts=typed("amount_minor", "double"),
        nulls=typed("currency", ["null", "string"]),
    )
    with pytest.raises(DeclarationError) as raised:
        read_declaration(path)
    assert line in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert str(path.parent) in str(raised.value)


def test_all_mistakes_are_listed(tmp_path):
    with pytest.raises(DeclarationError, match=r"got 2 problems:\n  expected.*\n  expected"):
        declared(tmp_path, '[columns]\nrisk = "nummber"\nscore = "flag"\n')


def test_missing_file_names_the_setting(tmp_path):
    with pytest.raises(DeclarationError, match=r"Correct job\.declaration"):
        read_declaration(tmp_path / "none.toml")
