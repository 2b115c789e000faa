"""Declared aggregates that a model reads, as its manifest has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from schemas.declaration.column_kind import ColumnKind


@dataclass(frozen=True, kw_only=True)
class AggregateTables:
    """Declared features with all that they are computed from; `models.declared` gives them their meaning.

    Parameters
    ----------
    tables : tuple of mapping
        The tables ``[[features]]``.
    kinds : mapping of str to str
        Kind of each declared column.
    entities : mapping of str to tuple of str
        Columns of each declared entity.
    names : tuple of str
    missing : tuple of float
        Value of each feature where it is missing.
    """

    tables: tuple[Mapping[str, Any], ...]
    kinds: Mapping[str, str]
    entities: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...]
    missing: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def arrow(self) -> pa.Schema:
        """The declared columns in Arrow."""
        return pa.schema([pa.field(name, ColumnKind(kind).arrow) for name, kind in self.kinds.items()])

    def to_json(self) -> dict[str, Any]:
        """Return the tables as a JSON object; `from_json` gives back equal ones."""
        return {
            "tables": [dict(table) for table in self.tables],
            "kinds": dict(self.kinds),
            "entities": {name: list(columns) for name, columns in self.entities.items()},
            "names": list(self.names),
            "missing": list(self.missing),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> AggregateTables:
        """Return the tables that `to_json` was called on."""
        return cls(
            tables=tuple(value["tables"]),
            kinds=value["kinds"],
            entities={name: tuple(columns) for name, columns in value["entities"].items()},
            names=tuple(value["names"]),
            missing=tuple(value["missing"]),
        )
