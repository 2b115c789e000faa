"""Avro schemas of all record kinds."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

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


@cache
def schema_text(name: str) -> str:
    """Return the Avro schema of record kind `name` as compact JSON."""
    return json.dumps(json.loads((AVRO_FOLDER / f"{name}.avsc").read_text()), separators=(",", ":"))


@cache
def schema_json(name: str) -> dict[str, Any]:
    """Return the schema of record kind `name` as JSON has it; it is shared, and not to be changed."""
    found: dict[str, Any] = json.loads(schema_text(name))
    return found


@cache
def parsed_schema(name: str) -> Any:
    """Return the schema of record kind `name`, parsed once for fastavro."""
    return fastavro.parse_schema(json.loads(schema_text(name)))
