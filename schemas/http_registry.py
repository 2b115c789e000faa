"""Client of Confluent-compatible schema registries."""

from functools import lru_cache
from typing import Any

from confluent_kafka.schema_registry import ConfigCompatibilityLevel, Schema, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.avro_schemas import OwnSchema, schema_text
from schemas.compatibility import incompatibilities
from schemas.errors import UserError
from schemas.registry import RegistryUnavailableError, UnknownSchemaError
from schemas.registry_access import RegistryAccess

# Three tries, at most 8 s or so: short enough for a job's checkpoint to wait for.
PATIENCE = {"timeout": 2, "max.retries": 2, "retries.wait.ms": 200, "retries.max.wait.ms": 2_000}
BACKWARD = ConfigCompatibilityLevel.BACKWARD
# What a subject's owner may have chosen instead: each asks for what BACKWARD asks for, and more.
AS_STRICT = {"BACKWARD", "BACKWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"}
NO_SUCH_ID = {400, 404, 422}
"""HTTP statuses for an id that there is not; some registries answer so to one beyond 31 bits. It is up all the same."""


class HttpRegistry:
    """A Confluent-compatible schema registry: Confluent's, Redpanda's, Karapace, Apicurio."""

    def __init__(self, access: RegistryAccess) -> None:
        self._url = access.url
        try:
            self._client = SchemaRegistryClient({**access.client_settings(), **PATIENCE})
        except (OSError, ValueError) as error:
            raise UserError(f"expected settings for the schema registry at {self._url}, got: {error}") from None
        # An id never changes its schema. An unknown one raises, which is not kept.
        self._lookup = lru_cache(maxsize=4096)(self._ask)
        self._own: dict[int, str] = {}

    def id_for(self, subject: str, name: str | OwnSchema) -> int:
        """Return the schema's id; one that is new is registered, under a subject that stays backward compatible.

        Raises
        ------
        UserError
            Readers of the subject's newest schema could not read it; nothing was registered.
        RegistryUnavailableError
            The registry does not answer, or denies access.
        """
        schema = Schema(schema_text(name), "AVRO")
        try:
            schema_id = self._registered(subject, schema) or self._register(subject, schema)
        except Exception as error:
            # Not OSError alone: the client lets all exceptions of its HTTP library through.
            raise self._failure(error, f"accept the schema of {subject}") from None
        self._own[schema_id] = schema_text(name)
        return schema_id

    def schema_for(self, schema_id: int) -> str:
        """Return the schema of `schema_id`.

        Raises
        ------
        UnknownSchemaError
            The registry does not know it.
        RegistryUnavailableError
            The registry does not answer, or denies access.
        """
        return self._own.get(schema_id) or self._lookup(schema_id)

    def check(self, subject: str, name: str | OwnSchema) -> bool | None:
        """Return whether the registry would accept the schema; None when it has it already."""
        schema = Schema(schema_text(name), "AVRO")
        try:
            if self._registered(subject, schema):
                return None
            if self._level(subject) is None:
                return True
            # The rule may still be none; it is BACKWARD once ours is registered.
            latest = self._client.get_latest_version(subject).schema
            reads = latest is None or not incompatibilities(schema_text(name), str(latest.schema_str))
            return bool(reads and self._client.test_compatibility(subject, schema))
        except Exception as error:
            raise self._failure(error, f"check the schema of {subject}") from None

    def ids(self, subject: str, name: str | OwnSchema) -> list[int]:  # noqa: ARG002  (a subject has one kind of record)
        """Return the schema id of each version of a subject; none without the subject."""
        try:
            numbers = self._client.get_versions(subject)
            return [int(self._client.get_version(subject, number).schema_id or 0) for number in numbers]
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return []
            raise self._failure(error, f"list {subject}") from None
        except Exception as error:
            raise self._failure(error, f"list {subject}") from None

    def _registered(self, subject: str, schema: Schema) -> int | None:
        try:
            return int(self._client.lookup_schema(subject, schema).schema_id or 0)
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return None
            raise

    def _register(self, subject: str, schema: Schema) -> int:
        rules = ServerConfig(compatibility=BACKWARD)
        level = self._level(subject)
        # A subject without schemas may not be known yet: then it has nothing to be compared with either.
        if level is not None and level not in AS_STRICT:
            self._client.set_config(subject, rules)
        schema_id = int(self._client.register_schema(subject, schema))
        if level is None and self._level(subject) not in AS_STRICT:
            self._client.set_config(subject, rules)
        return schema_id

    def _level(self, subject: str) -> str | None:
        try:
            found: Any = self._client.get_config(subject)
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return None
            raise
        level = found.compatibility_level or found.compatibility or "NONE"
        return str(getattr(level, "value", level))

    def _ask(self, schema_id: int) -> str:
        try:
            return str(self._client.get_schema(schema_id).schema_str)
        except SchemaRegistryError as error:
            if error.http_status_code in NO_SUCH_ID:
                raise UnknownSchemaError(f"expected a schema id known to {self._url}, got {schema_id}") from None
            raise self._failure(error, f"return schema {schema_id}") from None
        except Exception as error:
            raise self._failure(error, f"return schema {schema_id}") from None

    def _failure(self, error: Exception, wanted: str) -> UserError:
        expected = f"expected the schema registry at {self._url} to {wanted}"
        if not isinstance(error, SchemaRegistryError):
            return RegistryUnavailableError(
                f"{expected}, got: {error}: start it, or unset kafka.schema_registry_url to use the committed ids"
            )
        if error.http_status_code in {409, 422}:
            return UserError(
                f"{expected}, got a refusal: {error.error_message}: give each added field a default, "
                "and each changed one a new name"
            )
        advice = "check [kafka.registry]" if error.http_status_code in {401, 403} else "see its log"
        return RegistryUnavailableError(f"{expected}, got: HTTP {error.http_status_code}: {advice}")
