"""Schema registries: the protocol, the committed table of ids, subjects of the topics."""

import json
import re
from importlib.resources import files
from typing import Protocol

from schemas.avro_schemas import OwnSchema, schema_text
from schemas.errors import UserError


class UnknownSchemaError(LookupError):
    """No schema is known under this id."""


class RegistryUnavailableError(UserError):
    """The registry does not answer, or denies access."""

    exit_code = 3


class SchemaRegistry(Protocol):
    """Registry of schemas by id."""

    def id_for(self, subject: str, name: str | OwnSchema) -> int:
        """Return the id under which records of kind `name` are written to `subject`."""
        ...

    def ids(self, subject: str, name: str | OwnSchema) -> list[int]:
        """Return the ids of all versions of the schema, oldest first; none without the subject."""
        ...

    def schema_for(self, schema_id: int) -> str:
        """Return the writer's schema (Avro JSON) of `schema_id`, or raise UnknownSchemaError."""
        ...


class FileRegistry:
    """The committed table of ids in `schemas/registry.json`: an id, once given, keeps its schema.

    A deployment's own schemas have ids that are derived from their texts.
    """

    def __init__(self) -> None:
        table = json.loads((files(__package__) / "registry.json").read_text())["schemas"]
        self._names = {row["id"]: row["schema"].removesuffix(".avsc") for row in table}
        self._own: dict[int, str] = {}

    def id_for(self, subject: str, name: str | OwnSchema) -> int:  # noqa: ARG002  (ids are global here)
        """Return the newest id of record kind `name`."""
        if not isinstance(name, str):
            self._own |= name.ids
            return name.id
        ids = [schema_id for schema_id, known in self._names.items() if known == name]
        if not ids:
            raise UserError(f"expected an id for schema {name!r} in schemas/registry.json, got none. Add a row for it")
        return int(max(ids))

    def current_names(self) -> list[str]:
        """Return the kinds of records; an earlier version of a kind is kept in a file named KIND_vN."""
        return sorted({_kind(name) for name in self._names.values()})

    def ids(self, subject: str, name: str | OwnSchema) -> list[int]:  # noqa: ARG002
        """Return the ids of record kind `name`, oldest first."""
        if not isinstance(name, str):
            return list(name.ids)[::-1]
        return sorted(schema_id for schema_id, known in self._names.items() if _kind(known) == name)

    def schema_for(self, schema_id: int) -> str:
        """Return the schema of `schema_id`, or raise UnknownSchemaError."""
        if schema_id in self._own:
            return self._own[schema_id]
        try:
            return schema_text(self._names[schema_id])
        except KeyError:
            raise UnknownSchemaError(f"expected one of the schema ids {sorted(self._names)}, got {schema_id}") from None


def _kind(name: str) -> str:
    return re.sub(r"_v\d+$", "", name)


def value_subject(topic: str) -> str:
    """Return the subject of a topic's values (Confluent's TopicNameStrategy)."""
    return f"{topic}-value"


def rules_subject(topic: str) -> str:
    """Return the subject of the rule books on the control topic, its second kind (TopicRecordNameStrategy)."""
    return f"{topic}-fraudstream.RuleBook"


def snoozes_subject(topic: str) -> str:
    """Return the subject of the snoozes on the control topic, its third kind (TopicRecordNameStrategy)."""
    return f"{topic}-fraudstream.CustomerSnooze"


def lists_subject(topic: str) -> str:
    """Return the subject of the list entries on the control topic, its fourth kind (TopicRecordNameStrategy)."""
    return f"{topic}-fraudstream.ListEntryRecord"
