"""Rules for every schema in schemas/avro."""

import io
import json
from importlib.resources import files

import fastavro
import pytest

from models.scoring.decision import Decision
from schemas.codec import RecordCodec
from schemas.columns import LABEL_ARROW
from schemas.compatibility import broken_versions, incompatibilities
from schemas.framing import header
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from schemas.topics import Topics
from schemas.transaction_fields import TRANSACTION_FIELDS
from tests.batches import LABELS
from tests.records import label

SCHEMAS = sorted(path.name.removesuffix(".avsc") for path in (files("schemas") / "avro").iterdir())


def load(name):
    return json.loads((files("schemas") / "avro" / f"{name}.avsc").read_text())


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_parses_and_has_an_id(name):
    fastavro.parse_schema(load(name))
    registry = FileRegistry()
    assert json.loads(registry.schema_for(registry.id_for("", name)))["name"] == load(name)["name"]


def fingerprint(schema_id):
    # Of the canonical form: documentation may change, the wire format may not.
    return fastavro.schema.fingerprint(fastavro.schema.to_parsing_canonical_form(written(schema_id)), "CRC-64-AVRO")


def written(schema_id):
    return json.loads(FileRegistry().schema_for(schema_id))


# An id keeps its schema. A changed schema gets a new id, and the old one stays in a separate file.
FINGERPRINTS = {
    1: "57cee80f5573b049",
    2: "606f19fce1e24375",
    3: "e3ca0e6f0587a0fe",
    4: "6426718c7df20e5e",
    5: "1e9669265bc0a36d",
    6: "7036f829b6f13757",
    7: "eb808c883164bcc4",
    8: "7b003f6f7e1cbea8",
    9: "049f7109c7a6445c",
    10: "ab66a39bbefc02bd",
    11: "e98a1ee82693933b",
    12: "3ad7fbdd702c0c10",
    13: "273c89a2135d1031",
    14: "38e13e52f786ae34",
    15: "3aa1f5febd0a1a06",
    16: "89ab5eb351eab303",
    17: "9b3c285950e835d5",
    18: "3a571b7c61d91d0a",
    19: "9b7dde035b8abcc6",
    20: "fa09f2f5a906132c",
    25: "0c95f77f6e7a35c7",
    32: "821447cc0dec13dd",
    33: "916f24a47f93d858",
    40: "ff805ab434bb05f2",
    41: "bb502e03d202dc3c",
    42: "741a0109c60123e0",
    43: "3a6aff551e74831b",
    44: "fdb456480dbaa2fc",
    48: "eee857de7bad31d3",
    49: "4d6fa143074d46a8",
    50: "8e33fd9090a88ea8",
    51: "f1343c3e8cb378c8",
    52: "d9ee52897a0a8dc1",
    53: "426b7b199a2d1747",
}


def test_id_keeps_its_schema():
    assert {schema_id: fingerprint(schema_id) for schema_id in FINGERPRINTS} == FINGERPRINTS
    assert max(FINGERPRINTS) == max(FileRegistry().id_for("", name) for name in SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_documented(name):
    assert [field["name"] for field in load(name)["fields"] if not field.get("doc")] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_nullable_field_defaults_to_null(name):
    nullable = [field for field in load(name)["fields"] if isinstance(field["type"], list)]
    assert all(field["type"][0] == "null" and field["default"] is None for field in nullable)


def test_dead_letter_reasons_are_those_of_the_schema():
    (reason,) = [field for field in load("dead_letter")["fields"] if field["name"] == "reason"]
    assert {item.value for item in Reason} == set(reason["type"]["symbols"]) - {"OTHER"}


LETTER = {
    "reason": "UNDECODABLE", "detail": "", "topic": "t", "partition": 0, "offset": 4, "key": None, "payload": b"x",
    "failed_at": 0,
}  # fmt: skip


@pytest.mark.parametrize("version", [6, 7, 10])
def test_dead_letters_of_an_earlier_version_are_read_as_untruncated(version):
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, written(version), LETTER)
    letter = RecordCodec("dead_letter", "", FileRegistry()).decode(header(version) + buffer.getvalue())
    assert (letter["payload"], letter["payload_size"], letter["key_size"]) == (b"x", None, None)


def test_alert_of_an_earlier_version_is_read_with_its_reasons():
    texts = ("alert_id", "transaction_id", "customer_id", "model_id", "feature_spec_hash", "merchant_id", "currency")
    numbers = ("event_time", "scored_at", "score", "amount_minor", "review_threshold", "block_threshold")
    alert = {**dict.fromkeys(texts, "t"), **dict.fromkeys(numbers, 1), "decision": "BLOCK", "features": {}}
    buffer = io.BytesIO()
    reason = {"feature": "amount", "value": 2.0, "usual": 1.0}
    fastavro.schemaless_writer(buffer, written(2), {**alert, "reasons": [reason]})
    read = RecordCodec("alert", "", FileRegistry()).decode(header(2) + buffer.getvalue())
    assert read["reasons"] == [{**reason, "code": "", "text": "", "contribution": None}]


def test_label_of_an_earlier_version_names_no_device():
    labelled = label(1)
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, written(4), labelled)
    assert LABELS.codec.decode(header(4) + buffer.getvalue()) == {**labelled, "device_id": None}


def test_label_columns_are_those_of_the_schema():
    assert [field["name"] for field in load("label")["fields"]] == LABEL_ARROW.names


@pytest.mark.parametrize("name", ["score", "alert", "inference"])
def test_schema_lists_the_decisions_in_sequence(name):
    (decision,) = [field for field in load(name)["fields"] if field["name"] == "decision"]
    assert [item.name for item in Decision] == decision["type"]["symbols"]
    assert [item.value for item in Decision] == [0, 1, 2]


def test_current_schemas_read_what_their_earlier_versions_wrote():
    assert broken_versions() == []


def test_every_kind_of_record_has_a_topic():
    assert sorted(Topics().subject_kinds().values()) == FileRegistry().current_names()
    assert set(Topics().kinds()) == set(Topics().names())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "channel", "type": ["null", "string"], "default": None}, ""),
        (
            {"name": "channel", "type": "string"},
            f"reader_field_missing_default_value at /fields/{len(TRANSACTION_FIELDS)}",
        ),
    ],
)
def test_added_field_without_a_default_is_found(change, why):
    current = load("transaction")
    changed = {**current, "fields": [*current["fields"], change]}
    assert incompatibilities(json.dumps(changed), json.dumps(current)) == why


def test_field_of_another_type_is_found():
    current = load("transaction")
    fields = [{**field, "type": "string"} if field["name"] == "amount_minor" else field for field in current["fields"]]
    assert "type_mismatch" in incompatibilities(json.dumps({**current, "fields": fields}), json.dumps(current))
