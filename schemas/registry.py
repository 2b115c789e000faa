import json
from importlib.resources import files
from typing import Protocol

from schemas.avro_schemas import schema_text
from schemas.errors import UserError


class UnknownSchemaError(LookupError):
    """No schema is known under this id."""


class SchemaRegistry(Protocol):
    """Gives schemas their ids, and ids their schemas."""

    def id_for(self, subject: str, name: str) -> int:
        """Return the id under which records of kind `name` are written to `subject`."""
        ...

    def schema_for(self, schema_id: int) -> str:
        """Return the writer's schema (Avro JSON) of `schema_id`, or raise UnknownSchemaError."""
        ...


class FileRegistry:
    """The committed table of ids in `schemas/registry.json`: an id, once given, keeps its schema."""

    def __init__(self) -> None:
        table = json.loads((files("schemas") / "registry.json").read_text())["schemas"]
        self._names = {row["id"]: row["schema"].removesuffix(".avsc") for row in table}

    def id_for(self, subject: str, name: str) -> int:  # noqa: ARG002  (ids are global here)
        """Return the newest id of record kind `name`."""
        ids = [schema_id for schema_id, known in self._names.items() if known == name]
        if not ids:
            raise UserError(f"expected an id for schema {name!r} in schemas/registry.json, was none: add a row for it")
        return int(max(ids))

    def schema_for(self, schema_id: int) -> str:
        """Return the schema of `schema_id`, or raise UnknownSchemaError."""
        try:
            return schema_text(self._names[schema_id])
        except KeyError:
            raise UnknownSchemaError(f"expected one of the schema ids {sorted(self._names)}, was {schema_id}") from None


def open_registry(url: str | None) -> SchemaRegistry:
    """Return the registry at `url`, or the committed file registry when there is no URL."""
    if url is None:
        return FileRegistry()
    # Imported when asked for: the client brings an HTTP stack that the file registry does without.
    from schemas.http_registry import HttpRegistry  # noqa: PLC0415

    return HttpRegistry(url)


def value_subject(topic: str) -> str:
    """Return the subject of a topic's values (Confluent's TopicNameStrategy)."""
    return f"{topic}-value"
