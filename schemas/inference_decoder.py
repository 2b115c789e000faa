"""Decoding of inference records."""

from collections.abc import Sequence

import pyarrow as pa
import pyruhvro

from schemas.arrow_buffers import with_types
from schemas.avro_schemas import INFERENCE, schema_text
from schemas.codec import RecordCodec, UndecodableError
from schemas.columns import INFERENCE_ARROW
from schemas.framing import HEADER_BYTES, header
from schemas.registry import SchemaRegistry, UnknownSchemaError


class InferenceDecoder:
    """Decoder of inference records into the columns of INFERENCE_ARROW.

    Records are decoded in one call where all have the current schema, otherwise one by one.
    """

    def __init__(self, subject: str, registry: SchemaRegistry) -> None:
        self._codec = RecordCodec(INFERENCE, subject, registry)
        self._header = header(self._codec.schema_id)
        self._schema = schema_text(INFERENCE)

    def decode(self, payloads: Sequence[bytes]) -> tuple[pa.RecordBatch, list[int]]:
        """Return the records of n payloads, and the rows that could not be decoded."""
        if all(payload.startswith(self._header) for payload in payloads):
            try:
                found = pyruhvro.deserialize_array([payload[HEADER_BYTES:] for payload in payloads], self._schema)
                return with_types(found, INFERENCE_ARROW), []
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
        return pa.RecordBatch.from_pylist(records, schema=INFERENCE_ARROW), bad
