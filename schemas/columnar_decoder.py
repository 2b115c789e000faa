"""Decoding of many records of one kind into Arrow columns."""

from collections.abc import Sequence

import pyarrow as pa
import pyruhvro

from schemas.arrow_buffers import with_types
from schemas.avro_schemas import schema_text
from schemas.codec import RecordCodec, UndecodableError
from schemas.framing import HEADER_BYTES, header
from schemas.registry import SchemaRegistry, UnknownSchemaError


class ColumnarDecoder:
    """Decoder of records of one kind into columns.

    Records are decoded in one call where all have the current schema, otherwise one by one.

    Parameters
    ----------
    name : str
        Kind of record, see `schemas.avro_schemas`.
    columns : pyarrow.Schema
        Fields to return; others are left out.
    subject : str
        The topic's.
    """

    def __init__(self, name: str, columns: pa.Schema, subject: str, registry: SchemaRegistry) -> None:
        self._codec = RecordCodec(name, subject, registry)
        self._columns = columns
        self._header = header(self._codec.schema_id)
        self._schema = schema_text(name)

    def decode(self, payloads: Sequence[bytes]) -> tuple[pa.RecordBatch, list[int]]:
        """Return the records of n payloads, and the rows that could not be decoded."""
        if all(payload.startswith(self._header) for payload in payloads):
            try:
                found = pyruhvro.deserialize_array([payload[HEADER_BYTES:] for payload in payloads], self._schema)
                return with_types(found, self._columns), []
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: S110  (a panic of the decoder; the records are decoded one by one)
                pass
        records, bad = [], []
        for row, payload in enumerate(payloads):
            try:
                records.append(self._codec.decode(payload))
            except (UndecodableError, UnknownSchemaError):
                bad.append(row)
        return pa.RecordBatch.from_pylist(records, schema=self._columns), bad
