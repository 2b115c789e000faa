"""Declarations that tests write and read."""

import json
from pathlib import Path
from typing import Any

from schemas.avro_schemas import schema_json
from schemas.declaration.declaration import Declaration
from schemas.declaration.declaration_file import read_declaration

COLUMNS = """
[columns]
risk = "number"
entry_mode = "category"
declined = "flag"
ip = "text"
opened = "time"

[entities]
ip = "ip"
"""


def written(folder: Path, text: str = COLUMNS, **schemas: Any) -> Path:
    """Write a declaration, and Avro schemas next to it; return its path."""
    for name, schema in schemas.items():
        (folder / f"{name}.avsc").write_text(schema if isinstance(schema, str) else json.dumps(schema))
    path = folder / "features.toml"
    path.write_text(text)
    return path


def declared(folder: Path, text: str = COLUMNS, **schemas: Any) -> Declaration:
    """Write a declaration and read it."""
    return read_declaration(written(folder, text, **schemas))


def payments(*fields: Any, **roles: str) -> dict[str, Any]:
    """Return the transaction's schema with other names and further fields."""
    own = [{**field, "name": roles.get(field["name"], field["name"])} for field in schema_json("transaction")["fields"]]
    return {**schema_json("transaction"), "fields": [*own, *fields]}
