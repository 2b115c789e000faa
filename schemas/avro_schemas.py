"""Avro schemas of all record kinds."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import fastavro

AVRO_FOLDER = files(__package__) / "avro"

TRANSACTION = "transaction"
LABEL = "label"
SCORE = "score"
ALERT = "alert"
DRIFT = "drift"
DEAD_LETTER = "dead_letter"
INFERENCE = "inference"
CONTROL = "control"
RULES = "rules"
SNOOZE = "snooze"
LIST_ENTRY = "list_entry"
MODEL_EVENT = "model_event"
SHADOW = "shadow"
FEATURE_QUERY = "feature_query"
FEATURE_ANSWER = "feature_answer"


class OwnSchema(Protocol):
    """Schema of a deployment's own, used in place of the name of one of ours."""

    @property
    def text(self) -> str:
        """The schema, compact JSON."""
        ...

    @property
    def id(self) -> int:
        """Its id in a deployment without a registry."""
        ...

    @property
    def ids(self) -> dict[int, str]:
        """Texts of it and of its earlier versions by id, in a deployment without a registry."""
        ...

    def __hash__(self) -> int:
        """Return the hash, as schemas are kept by theirs."""
        ...


@cache
def schema_text(name: str | OwnSchema) -> str:
    """Return the Avro schema of record kind `name` as compact JSON."""
    if not isinstance(name, str):
        return name.text
    return json.dumps(json.loads((AVRO_FOLDER / f"{name}.avsc").read_text()), separators=(",", ":"))


@cache
def schema_json(name: str | OwnSchema) -> dict[str, Any]:
    """Return the schema of record kind `name` as JSON has it; it is shared, and not to be changed."""
    found: dict[str, Any] = json.loads(schema_text(name))
    return found


@cache
def parsed_schema(name: str | OwnSchema) -> Any:
    """Return the schema of record kind `name`, parsed once for fastavro."""
    return fastavro.parse_schema(json.loads(schema_text(name)))
