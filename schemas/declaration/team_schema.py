"""Avro schema of a team's transactions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from schemas.avro_schemas import TRANSACTION, schema_json
from schemas.declaration.column_kind import TIMESTAMP
from schemas.declaration.declared_column import DeclaredColumn

SIMPLE = ("string", "long", "int", "double", "float", "boolean")

_FIRST_OWN_ID = 2**30


class AvroField(NamedTuple):
    """A field of a record of simple types.

    Attributes
    ----------
    type : str
        A type of SIMPLE, `TIMESTAMP`, or the text of any other type.
    """

    name: str
    type: str
    nullable: bool
    has_default: bool


@dataclass(frozen=True, kw_only=True)
class TeamSchema:
    """Avro schema of transactions with fields of a team's own.

    Used where `schemas.avro_schemas` and the registries otherwise have the name of a schema.

    Attributes
    ----------
    text : str
        The schema, compact JSON.
    former : tuple of str
        Earlier schemas of the same topic, whose records are still read.
    """

    text: str
    former: tuple[str, ...] = ()

    @classmethod
    def of(cls, schema: Any, former: Iterable[Any] = ()) -> TeamSchema:
        """Return the schema that JSON has."""
        return cls(text=_compact(schema), former=tuple(map(_compact, former)))

    @classmethod
    def generated(cls, columns: Iterable[DeclaredColumn], roles: Mapping[str, str]) -> TeamSchema:
        """Return the transaction's own schema with the roles' names, followed by the columns, null or a value each."""
        fields: list[dict[str, Any]] = [
            {**field, "name": roles.get(field["name"], field["name"])} for field in schema_json(TRANSACTION)["fields"]
        ]
        fields += [{"name": column.name, "type": ["null", column.kind.avro], "default": None} for column in columns]
        return cls.of({**schema_json(TRANSACTION), "fields": fields})

    @cached_property
    def fields(self) -> tuple[AvroField, ...]:
        """Fields of the record."""
        return tuple(_field(field) for field in json.loads(self.text)["fields"])

    @cached_property
    def decoding_text(self) -> str:
        """The schema without the logical types that are not read, which the columnar decoder may not know."""
        schema = json.loads(self.text)
        return _compact({**schema, "fields": [{**field, "type": _plain(field["type"])} for field in schema["fields"]]})

    @property
    def ids(self) -> dict[int, str]:
        """Texts of this schema and of the former ones by id, for a deployment without a registry.

        Derived from the texts, so that producers and job agree; above those of the committed table.
        """
        return {_own_id(text): text for text in (self.text, *self.former)}

    @property
    def id(self) -> int:
        """Id of this schema, for a deployment without a registry."""
        return _own_id(self.text)


def _field(field: Mapping[str, Any]) -> AvroField:
    kind = field["type"]
    branches = kind if isinstance(kind, list) else [kind]
    values = [branch for branch in branches if branch != "null"]
    simple = len(values) == 1 and len(branches) - len(values) == isinstance(kind, list)
    found = _type_name(values[0]) if simple else _compact(kind)
    return AvroField(field["name"], found, simple and isinstance(kind, list), "default" in field)


def _type_name(kind: Any) -> str:
    if isinstance(kind, dict) and kind.get("type") in SIMPLE:
        return TIMESTAMP if (kind["type"], kind.get("logicalType")) == ("long", TIMESTAMP) else str(kind["type"])
    return kind if isinstance(kind, str) else _compact(kind)


def _plain(kind: Any) -> Any:
    if isinstance(kind, list):
        return [_plain(branch) for branch in kind]
    if isinstance(kind, dict) and kind.get("logicalType") != TIMESTAMP:
        return kind["type"]
    return kind


def _own_id(text: str) -> int:
    return _FIRST_OWN_ID + int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % _FIRST_OWN_ID


def _compact(schema: Any) -> str:
    return json.dumps(schema, separators=(",", ":"))
