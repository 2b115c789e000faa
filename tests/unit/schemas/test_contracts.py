"""What every schema of schemas/avro keeps."""

import json
from importlib.resources import files

import fastavro
import pytest

from models.scoring.decision import Decision
from schemas.registry import FileRegistry
from schemas.rejection import Reason

SCHEMAS = sorted(path.name.removesuffix(".avsc") for path in (files("schemas") / "avro").iterdir())


def load(name):
    return json.loads((files("schemas") / "avro" / f"{name}.avsc").read_text())


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_parses_and_has_an_id(name):
    fastavro.parse_schema(load(name))
    registry = FileRegistry()
    assert json.loads(registry.schema_for(registry.id_for("", name)))["name"] == load(name)["name"]


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


@pytest.mark.parametrize("name", ["score", "alert"])
def test_decisions_stand_in_the_schema_in_their_order(name):
    (decision,) = [field for field in load(name)["fields"] if field["name"] == "decision"]
    assert [item.name for item in Decision] == decision["type"]["symbols"]
    assert [item.value for item in Decision] == [0, 1, 2]
