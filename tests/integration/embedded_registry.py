"""A real schema registry beside the broker and the cluster that the tests share."""

import json
import random
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from runtime.configuration.settings import Settings
from runtime.host.run_state import RunState, exclusive
from schemas.avro_schemas import schema_json
from tests.random_writers import random_writer
from tests.writer_flood import KnownWriter

REFUSED = {409, 422}
"""HTTP statuses of a registry that takes no such schema."""


def stop_registry(settings: Settings) -> None:
    """Stop the registry alone."""
    with exclusive(settings.state):
        RunState.load(settings.state).stop(("registry",))


def register(url: str, subject: str, schema: dict[str, Any]) -> int:
    """Register a schema as somebody else's producer does."""
    return int(SchemaRegistryClient({"url": url}).register_schema(subject, Schema(json.dumps(schema), "AVRO")))


def known_writers(url: str, prefix: str, name: str, tries: int, seed: int) -> list[KnownWriter]:
    """Register schemas of random writers of a kind, each under a subject of its own; those that the registry takes."""
    chance, client = random.Random(seed), SchemaRegistryClient({"url": url})  # noqa: S311 - the same each time
    known = []
    for number in range(tries):
        writer = random_writer(chance, schema_json(name))
        try:
            schema_id = client.register_schema(f"{prefix}-{number}", Schema(writer.text, "AVRO"))
        except SchemaRegistryError as error:
            if error.http_status_code not in REFUSED:
                raise
            continue
        known.append(KnownWriter(int(schema_id), writer))
    return known
