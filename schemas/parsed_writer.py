"""Resolution of a writer's schema to the reader's."""

import io
from typing import Any

import fastavro

from schemas.body_walk import BodyWalk
from schemas.framing import HEADER_BYTES
from schemas.plain_schema import WRITTEN_AS, plain_schema


class MismatchError(ValueError):
    """No record of the writer's schema can be one of the reader's."""


class ParsedWriter:
    """A writer's schema, made ready to read its records' bodies as the reader's.

    Values come as their bytes say: a time is a long. Logical types of the writer change nothing, see `plain_schema`.

    Parameters
    ----------
    text : str
        The writer's schema, Avro JSON.
    reader : dict
        The reader's, without references to its named types.

    Raises
    ------
    NoAvroSchemaError, SchemaParseException, UnknownType
        The text is no self-contained Avro schema.
    MismatchError
        The writer's record has another name, or counts its times in another unit.
    """

    def __init__(self, text: str, reader: dict[str, Any]) -> None:
        self.plain = plain_schema(text)
        named: dict[str, Any] = {}
        self._schema = fastavro.parse_schema(self.plain, named)
        self._reader = fastavro.parse_schema(reader)
        _check_name(self._schema, reader["name"])
        _check_times(self._schema, reader, named, "")
        self._walk = BodyWalk(self._schema, named)

    def read(self, payload: bytes) -> tuple[dict[str, Any], int]:
        """Return the record of a framed payload in the reader's fields, and where its body ends.

        Raises
        ------
        Exception
            Those of fastavro and `BodyWalk`: the body is not of the writer's schema.
        """
        # fastavro itself does not see that a field ends early which it skips.
        self._walk.check(payload, HEADER_BYTES)
        body = io.BytesIO(payload)
        body.seek(HEADER_BYTES)
        record: Any = fastavro.schemaless_reader(body, self._schema, self._reader)
        return record, body.tell()


def _check_name(writer: Any, expected: str) -> None:
    branches = writer if isinstance(writer, list) else [writer]
    names = [branch["name"] for branch in branches if isinstance(branch, dict) and branch["type"] == "record"]
    if expected not in [name.rpartition(".")[2] for name in names]:
        got = f"record name {names[0]}" if names else f"type {_kind_of(branches[0]) if branches else 'union of none'}"
        raise MismatchError(f"{got}, expected {'' if names else 'a record '}{expected}. Register the schema that it "
                            "was written with under that name.")  # fmt: skip


def _check_times(writer: Any, reader: Any, named: dict[str, Any], path: str) -> None:
    """Refuse a time that the writer counts in another unit than the reader: read as it is, it would be wrong."""
    for branch in writer if isinstance(writer, list) else [writer]:
        got = named.get(branch, branch) if isinstance(branch, str) else branch
        for wanted in reader if isinstance(reader, list) else [reader]:
            if not isinstance(got, dict) or not isinstance(wanted, dict):
                continue
            unit, expected = got.get(WRITTEN_AS), wanted.get("logicalType")
            if unit and expected and unit != expected:
                raise MismatchError(f"{path}: expected {expected}, got {unit}. Write it as {expected}.")
            _check_inner_times(got, wanted, named, path)


def _check_inner_times(writer: dict[str, Any], reader: dict[str, Any], named: dict[str, Any], path: str) -> None:
    if writer["type"] == reader["type"] == "record":
        fields = {field["name"]: field["type"] for field in reader["fields"]}
        for field in writer["fields"]:
            if (name := field["name"]) in fields:
                _check_times(field["type"], fields[name], named, f"{path}.{name}" if path else name)
    for items in ("items", "values"):
        if items in writer and items in reader:
            _check_times(writer[items], reader[items], named, path)


def _kind_of(kind: Any) -> Any:
    return kind["type"] if isinstance(kind, dict) else kind
