"""Encoding and decoding of single records."""

import io
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType

from schemas.avro_schemas import OwnSchema, parsed_schema, schema_json
from schemas.body_walk import WildBodyError
from schemas.framing import HEADER_BYTES, FramingError, header, schema_id_of
from schemas.parsed_writer import MismatchError, ParsedWriter
from schemas.plain_schema import NoAvroSchemaError
from schemas.record_times import times_of
from schemas.registry import SchemaRegistry, UnknownSchemaError
from schemas.rejection import shortened

# What fastavro raises on bytes that are not the writer's schema: it has no error class of its own for them.
AVRO_ERRORS = (
    EOFError, IndexError, KeyError, MemoryError, OverflowError, SchemaResolutionError, StopIteration,
    TypeError, UnicodeDecodeError, ValueError, WildBodyError, struct.error,
)  # fmt: skip
_NO_SCHEMA = (NoAvroSchemaError, SchemaParseException, UnknownType, *AVRO_ERRORS)


class UndecodableError(ValueError):
    """The payload is not a framed Avro record of this kind."""


class TrailingBytesError(UndecodableError):
    """The payload continues after the record's end."""


class DecoderFaultError(UndecodableError):
    """Decoding failed in a way that says nothing of the payload: the fault may be our own."""


class RecordCodec:
    """Encodes and decodes the records of one topic, one by one.

    A record that was written with another version of the schema is resolved to the reader's
    schema by Avro's rules.

    Parameters
    ----------
    name : str or OwnSchema
        Kind of record: a file of `schemas/avro`, or a schema of the deployment's own.
    subject : str
        Subject of the schema in the registry, see `value_subject`.
    registry : SchemaRegistry
        Gives the schema ids.
    """

    def __init__(self, name: str | OwnSchema, subject: str, registry: SchemaRegistry) -> None:
        self.schema_id = registry.id_for(subject, name)
        self._header = header(self.schema_id)
        self._schema = parsed_schema(name)
        self._json = schema_json(name)
        self._with_times = times_of(self._json) or (lambda record: record)
        self._registry = registry
        self._parsed = lru_cache(maxsize=256)(self._parse)

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
        DecoderFaultError
            The decoder itself failed.
        UndecodableError
            No header, or a body that is not of the writer's schema or can't be one of the reader's.
        """
        if payload.startswith(self._header):
            return self._resolved(payload, self._read_own)
        try:
            return self._with_times(self.read(payload))  # type: ignore[no-any-return]
        except OverflowError as error:
            raise UndecodableError(f"expected times up to the year 9999, got OverflowError: {error}") from None

    def read(self, payload: bytes) -> dict[str, Any]:
        """Return the record in `payload` with its times as milliseconds since 1970; raises as `decode` does."""
        return self._resolved(payload, self._read_resolved)

    def _read_own(self, payload: bytes) -> tuple[dict[str, Any], int]:
        body = io.BytesIO(payload)
        body.seek(HEADER_BYTES)
        record: Any = fastavro.schemaless_reader(body, self._schema, None)
        return record, body.tell()

    def _read_resolved(self, payload: bytes) -> tuple[dict[str, Any], int]:
        return self.writer(schema_id_of(payload)).read(payload)

    @staticmethod
    def _resolved(payload: bytes, read: Callable[[bytes], tuple[dict[str, Any], int]]) -> dict[str, Any]:
        try:
            record, end = read(payload)
        except (UnknownSchemaError, UndecodableError):
            raise
        except FramingError as error:
            raise UndecodableError(str(error)) from None
        except AVRO_ERRORS as error:
            got = shortened(f"{type(error).__name__}: {error}")
            raise UndecodableError(f"expected an Avro body, got {got}") from None
        except Exception as error:
            raise DecoderFaultError(shortened(f"{type(error).__name__}: {error}")) from error
        rest = len(payload) - end
        if rest:
            raise TrailingBytesError(f"expected the record to end at byte {end}, got {rest} more")
        return record

    def writer(self, schema_id: int) -> ParsedWriter:
        """Return a writer's schema by its id; raises as `decode` does."""
        found = self._parsed(schema_id, self._registry.schema_for(schema_id))
        if isinstance(found, ParsedWriter):
            return found
        error, text = found
        raise error(text)

    def _parse(self, schema_id: int, text: str) -> ParsedWriter | tuple[type[Exception], str]:
        """Parse a schema, or say why not: kept too, since a client that sends one bad record sends many."""
        try:
            return ParsedWriter(text, self._json)
        except MismatchError as error:
            return UndecodableError, shortened(str(error))
        except _NO_SCHEMA as error:
            # Registries hold schemas of other kinds too, and Avro that refers to another schema.
            got = shortened(f"{type(error).__name__}: {error}")
            return UnknownSchemaError, f"expected an Avro schema under id {schema_id}, got {got}"
        except Exception as error:
            return DecoderFaultError, shortened(f"{type(error).__name__}: {error}")
