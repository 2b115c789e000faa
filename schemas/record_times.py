"""The times of a record: from the longs that encode them to datetimes."""

from collections.abc import Callable
from typing import Any

from schemas.wall_clock import utc

Change = Callable[[Any], Any]


def times_of(schema: Any) -> Change | None:
    """Return a function that gives a value of a schema of ours with its times as datetimes; None: it has none."""
    if isinstance(schema, list):
        changes = [change for branch in schema if (change := times_of(branch)) is not None]
        return _unless_null(changes[0]) if changes else None
    if not isinstance(schema, dict):
        return None
    if schema.get("logicalType") == "timestamp-millis":
        return utc
    if schema["type"] == "array":
        item = times_of(schema["items"])
        return None if item is None else lambda values: [item(value) for value in values]
    if schema["type"] != "record":
        return None
    fields = {field["name"]: times_of(field["type"]) for field in schema["fields"]}
    return _in_fields({name: change for name, change in fields.items() if change is not None})


def _unless_null(change: Change) -> Change:
    return lambda value: None if value is None else change(value)


def _in_fields(changes: dict[str, Change]) -> Change | None:
    if not changes:
        return None
    return lambda record: record | {name: change(record[name]) for name, change in changes.items()}
