import io
import json
import struct
from functools import lru_cache
from typing import Any

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType

from schemas.avro_schemas import parsed_schema
from schemas.framing import HEADER_BYTES, FramingError, header, schema_id_of
from schemas.registry import SchemaRegistry, UnknownSchemaError

# What fastavro raises on bytes that are not the writer's schema: it has no error class of its own for them.
AVRO_ERRORS = (
    EOFError, IndexError, KeyError, MemoryError, OverflowError, SchemaResolutionError, StopIteration,
    TypeError, UnicodeDecodeError, ValueError, struct.error,
)  # fmt: skip


class UndecodableError(ValueError):
    """The payload is not a framed Avro record of this kind."""


class TrailingBytesError(UndecodableError):
    """The payload goes on after the record's end."""


class RecordCodec:
    """Encodes and decodes the records of one topic, one by one.

    A record that was written with another version of the schema is resolved to the reader's
    schema by Avro's rules.

    Parameters
    ----------
    name : str
        Kind of record: a file of `schemas/avro`.
    subject : str
        Where the registry keeps the schema, see `value_subject`.
    registry : SchemaRegistry
        Gives the schema ids.
    """

    def __init__(self, name: str, subject: str, registry: SchemaRegistry) -> None:
        self.schema_id = registry.id_for(subject, name)
        self._header = header(self.schema_id)
        self._schema = parsed_schema(name)
        self._registry = registry
        self._writer_schema = lru_cache(maxsize=256)(self._parse_writer_schema)

    def encode(self, record: dict[str, Any]) -> bytes:
        """Return `record` as a framed payload."""
        buffer = io.BytesIO()
        buffer.write(self._header)
        fastavro.schemaless_writer(buffer, self._schema, record)
        return buffer.getvalue()

    def decode(self, payload: bytes) -> dict[str, Any]:
        """Return the record in `payload`.

        Raises
        ------
        UnknownSchemaError
            The registry does not know the writer's schema.
        TrailingBytesError
            Bytes remain after the record.
        UndecodableError
            No header, or a body that is not of the writer's schema.
        """
        try:
            writer_schema = self._writer_schema(schema_id_of(payload))
            body = io.BytesIO(payload)
            body.seek(HEADER_BYTES)
            record = fastavro.schemaless_reader(body, writer_schema, self._schema)
        except (FramingError, UnknownSchemaError) as error:
            raise error if isinstance(error, UnknownSchemaError) else UndecodableError(str(error)) from None
        except AVRO_ERRORS as error:
            raise UndecodableError(f"expected an Avro body, was: {type(error).__name__}: {error}") from None
        rest = len(payload) - body.tell()
        if rest:
            raise TrailingBytesError(f"expected the record to end at byte {body.tell()}, was {rest} more")
        return record  # type: ignore[return-value]

    def _parse_writer_schema(self, schema_id: int) -> Any:
        text = self._registry.schema_for(schema_id)
        try:
            return fastavro.parse_schema(json.loads(text))
        except (SchemaParseException, UnknownType, *AVRO_ERRORS) as error:
            # Registries hold schemas of other kinds too, and Avro that refers to another schema.
            raise UnknownSchemaError(f"expected an Avro schema under id {schema_id}, was: {error}") from None
