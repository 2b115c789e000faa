"""Declaration of a deployment's transactions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.declaration.column_kind import ColumnKind
from schemas.declaration.declared_column import DeclaredColumn
from schemas.declaration.declared_entity import DeclaredEntity
from schemas.declaration.team_schema import TeamSchema
from schemas.errors import UserError


class DeclarationError(UserError):
    """A declaration with mistakes: a line for each."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """Columns, entities and features of a deployment's transactions beyond those that all have.

    Attributes
    ----------
    columns : tuple of DeclaredColumn
        In the order of the file.
    roles : mapping of str to str
        Name in Avro of each of the transaction's fields that has another name there.
    raw_features : tuple of dict
        The tables of ``[[features]]``.
    schema : TeamSchema
        Avro schema of the transactions.
    path : Path or None
        File that it was read from.
    """

    columns: tuple[DeclaredColumn, ...]
    roles: Mapping[str, str]
    entities: tuple[DeclaredEntity, ...]
    raw_features: tuple[dict[str, Any], ...]
    schema: TeamSchema
    path: Path | None = field(default=None, compare=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that gives features their meaning, in hex digits; names and types in Avro do not."""
        meaning = {
            "columns": {column.name: column.kind.value for column in self.columns},
            "entities": {entity.name: list(entity.columns) for entity in self.entities},
            "features": list(self.raw_features),
        }
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()

    @property
    def arrow(self) -> pa.Schema:
        """Columns in Arrow, without those that each transaction has."""
        return pa.schema([column.arrow for column in self.columns])

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each column."""
        return {column.name: column.kind.value for column in self.columns}

    @property
    def feature_columns(self) -> tuple[DeclaredColumn, ...]:
        """Columns that are features themselves."""
        return tuple(column for column in self.columns if column.kind.is_feature)

    def to_dict(self) -> dict[str, Any]:
        """Return the declaration as JSON has it; `from_dict` gives back an equal one."""
        return {
            "columns": {column.name: column.kind.value for column in self.columns},
            "roles": dict(self.roles),
            "entities": {entity.name: list(entity.columns) for entity in self.entities},
            "features": list(self.raw_features),
            "schema": self.schema.text,
            "former": list(self.schema.former),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Declaration:
        """Return the declaration that `to_dict` was called on."""
        return cls(
            columns=tuple(DeclaredColumn(name=name, kind=ColumnKind(kind)) for name, kind in value["columns"].items()),
            roles=value["roles"],
            entities=tuple(DeclaredEntity(name=name, columns=tuple(of)) for name, of in value["entities"].items()),
            raw_features=tuple(value["features"]),
            schema=TeamSchema(text=value["schema"], former=tuple(value["former"])),
        )
