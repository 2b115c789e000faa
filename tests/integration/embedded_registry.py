"""A real schema registry next to the shared broker and cluster."""

import json
import random
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from fraudstream.settings.settings import Settings
from fraudstream.system.run_state import RunState, exclusive
from schemas.avro_schemas import schema_json
from tests.random_writers import random_writer
from tests.writer_flood import KnownWriter

REFUSED = {409, 422}
"""HTTP statuses of a registry that rejects a schema."""


def stop_registry(settings: Settings) -> None:
    """Stop only the registry."""
    with exclusive(settings.state):
        RunState.load(settings.state).stop(("registry",))


def register(url: str, subject: str, schema: dict[str, Any]) -> int:
    """Register a schema as another producer does."""
    return int(SchemaRegistryClient({"url": url}).register_schema(subject, Schema(json.dumps(schema), "AVRO")))


def known_writers(url: str, prefix: str, name: str, tries: int, seed: int) -> list[KnownWriter]:
    """Register schemas of random writers of a kind, each under a separate subject; returns the accepted ones.

    A rejected schema is retried without its defaults, most of which have other types than their fields.
    """
    chance, client = random.Random(seed), SchemaRegistryClient({"url": url})  # noqa: S311 - the same each time
    known = []
    for number in range(tries):
        writer = random_writer(chance, schema_json(name))
        for text in (writer.text, json.dumps(_without_defaults(json.loads(writer.text)))):
            schema_id = _registered(client, f"{prefix}-{number}", text)
            if schema_id is not None:
                known.append(KnownWriter(schema_id, writer))
                break
    return known


def _registered(client: SchemaRegistryClient, subject: str, text: str) -> int | None:
    try:
        return int(client.register_schema(subject, Schema(text, "AVRO")))
    except SchemaRegistryError as error:
        if error.http_status_code not in REFUSED:
            raise
        return None


def _without_defaults(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_defaults(item) for item in node]
    if isinstance(node, dict):
        return {name: _without_defaults(value) for name, value in node.items() if name != "default"}
    return node
