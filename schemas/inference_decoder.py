from collections.abc import Sequence

import pyarrow as pa
import pyruhvro

from schemas.avro_schemas import INFERENCE, schema_text
from schemas.codec import RecordCodec, UndecodableError
from schemas.columns import INFERENCE_ARROW
from schemas.framing import HEADER_BYTES, header
from schemas.registry import SchemaRegistry, UnknownSchemaError


class InferenceDecoder:
    """Decodes records of the inference topic into the columns of INFERENCE_ARROW.

    Together where all have the current schema; else one by one, so that a bad one costs the others nothing.
    """

    def __init__(self, subject: str, registry: SchemaRegistry) -> None:
        self._codec = RecordCodec(INFERENCE, subject, registry)
        self._header = header(self._codec.schema_id)
        self._schema = schema_text(INFERENCE)

    def decode(self, payloads: Sequence[bytes]) -> tuple[pa.RecordBatch, list[int]]:
        """Return the records of n payloads, and the rows of those that are none."""
        if all(payload.startswith(self._header) for payload in payloads):
            try:
                found = pyruhvro.deserialize_array([payload[HEADER_BYTES:] for payload in payloads], self._schema)
                return _canonical(found), []
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: S110  (what a panic of the decoder is; the records go one by one)
                pass
        records, bad = [], []
        for row, payload in enumerate(payloads):
            try:
                records.append(self._codec.decode(payload))
            except (UndecodableError, UnknownSchemaError):
                bad.append(row)
        return pa.RecordBatch.from_pylist(records, schema=INFERENCE_ARROW), bad


def _canonical(found: pa.RecordBatch) -> pa.RecordBatch:
    # Avro's timestamp-millis is UTC by definition; the decoder leaves the zone off.
    columns = [
        column.view(field.type) if pa.types.is_timestamp(field.type) else column.cast(field.type)
        for column, field in zip(found.columns, INFERENCE_ARROW, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=INFERENCE_ARROW)
