from functools import lru_cache

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.avro_schemas import schema_text
from schemas.errors import UserError
from schemas.registry import UnknownSchemaError


class HttpRegistry:
    """A Confluent-compatible schema registry: Confluent's, Redpanda's, Karapace, Apicurio."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = SchemaRegistryClient({"url": url})
        # An id never changes its schema, and an unknown one must not cost a request for each record.
        self._lookup = lru_cache(maxsize=4096)(self._ask)

    def id_for(self, subject: str, name: str) -> int:
        """Register the schema under `subject` when it is new, and return its id."""
        try:
            return int(self._client.register_schema(subject, Schema(schema_text(name), "AVRO")))
        except SchemaRegistryError as error:
            raise UserError(
                f"expected the schema registry at {self._url} to take the schema of {subject}, "
                f"was: {error.error_message}: check its compatibility rule"
            ) from None
        except OSError as error:
            raise UserError(
                f"expected a schema registry at {self._url}, was: {error}: "
                "start it, or unset kafka.schema_registry_url to use the committed ids"
            ) from None

    def schema_for(self, schema_id: int) -> str:
        """Return the schema of `schema_id`, or raise UnknownSchemaError."""
        schema = self._lookup(schema_id)
        if schema is None:
            raise UnknownSchemaError(f"expected a schema id known to {self._url}, was {schema_id}")
        return schema

    def _ask(self, schema_id: int) -> str | None:
        try:
            return self._client.get_schema(schema_id).schema_str
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return None
            raise
