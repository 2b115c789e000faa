"""An Avro schema reduced to what the bytes of its records depend on."""

import json
from typing import Any

MAX_SCHEMA_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_TYPES = 10_000

WRITTEN_AS = "written_as"
"""Attribute of a plain long or int that its writer declares to be a time: the logical type's name."""

PRIMITIVE = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}

_TIMES = {
    "int": {"date", "time-millis"},
    "long": {
        "time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos",
        "local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos",
    },
}  # fmt: skip


class NoAvroSchemaError(ValueError):
    """The text is no Avro schema, or one of a size that no record needs."""


def plain_schema(text: str) -> Any:
    """Return a schema without logical types, defaults, aliases, orders and docs.

    By Avro's rules a logical type that the reader does not use is ignored, and so is one that does not fit the type
    that it is based on: a value is what its bytes say. Times alone leave a trace, see `WRITTEN_AS`.

    Raises
    ------
    NoAvroSchemaError
        No JSON, no Avro, or more of it than MAX_SCHEMA_BYTES, MAX_DEPTH and MAX_TYPES allow.
    """
    if len(text) > MAX_SCHEMA_BYTES:
        raise NoAvroSchemaError(f"expected a schema of at most {MAX_SCHEMA_BYTES:,} bytes, got {len(text):,}")
    try:
        return _Reduction().of(json.loads(text), 0)
    except RecursionError:
        raise NoAvroSchemaError(f"expected types nested at most {MAX_DEPTH} deep, got more") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, NoAvroSchemaError):
            raise
        raise NoAvroSchemaError(f"expected an Avro schema, got {type(error).__name__}: {error}") from None


class _Reduction:
    """Reduces one schema, and counts its types."""

    def __init__(self) -> None:
        self._types = 0

    def of(self, node: Any, depth: int) -> Any:
        """Return a type of the schema, reduced."""
        self._types += 1
        if depth > MAX_DEPTH or self._types > MAX_TYPES:
            raise NoAvroSchemaError(f"expected at most {MAX_TYPES:,} types, nested at most {MAX_DEPTH} deep, got more")
        if isinstance(node, str):
            return node
        if isinstance(node, list):
            return [self.of(branch, depth + 1) for branch in node]
        kind = node["type"]
        if not isinstance(kind, str):
            return self.of(kind, depth + 1)
        return self._complex(kind, node, depth)

    def _complex(self, kind: str, node: dict[str, Any], depth: int) -> Any:
        named = {name: str(node[name]) for name in ("name", "namespace") if node.get(name) is not None}
        match kind:
            case "record":
                return {"type": kind, **named, "fields": [self._field(field, depth) for field in node["fields"]]}
            case "enum":
                return {"type": kind, **named, "symbols": [str(symbol) for symbol in node["symbols"]]}
            case "fixed":
                return {"type": kind, **named, "size": _size(node["size"])}
            case "array":
                return {"type": kind, "items": self.of(node["items"], depth + 1)}
            case "map":
                return {"type": kind, "values": self.of(node["values"], depth + 1)}
        return _marked(kind, node.get("logicalType"))

    def _field(self, field: dict[str, Any], depth: int) -> dict[str, Any]:
        kind = self.of(field["type"], depth + 1)
        # A logical type next to the type instead of in it is none by the rules, but shows what the writer means.
        if isinstance(kind, str):
            kind = _marked(kind, field.get("logicalType"))
        return {"name": str(field["name"]), "type": kind}


def _marked(kind: str, logical: Any) -> Any:
    if isinstance(logical, str) and logical in _TIMES.get(kind, ()):
        return {"type": kind, WRITTEN_AS: logical}
    return kind


def _size(size: Any) -> int:
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise NoAvroSchemaError(f"expected a fixed type's size of 0 or more, got {size!r}")
    return size
