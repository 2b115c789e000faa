from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyruhvro

from schemas.avro_schemas import SCORE, schema_text
from schemas.framing import header
from schemas.registry import SchemaRegistry

_TIME = pa.timestamp("ms")


class ScoreBatchEncoder:
    """Encodes the scores of a micro-batch as framed Avro payloads, all at once."""

    def __init__(self, subject: str, registry: SchemaRegistry, *, model_id: str, spec_hash: str) -> None:
        self._header = header(registry.id_for(subject, SCORE))
        self._schema = schema_text(SCORE)
        self._arrow = pyruhvro.avro_to_arrow_schema(self._schema)
        self._constants = (pa.scalar(model_id), pa.scalar(spec_hash))

    def encode(
        self,
        records: pa.RecordBatch,
        scores: npt.NDArray[np.float32],
        decisions: Sequence[str],
        scored_at_ms: int,
    ) -> list[bytes]:
        """Return one payload for each of the n transactions.

        Parameters
        ----------
        records : pyarrow.RecordBatch
            n rows of TRANSACTION_ARROW.
        scores : (n,) float32
            Fraud probabilities.
        decisions : sequence of str
            n symbols of the Decision enum.
        scored_at_ms : int
            When the batch was scored, milliseconds since 1970.
        """
        count = len(records)
        columns = [
            records.column("transaction_id"),
            records.column("customer_id"),
            records.column("event_time").view(_TIME),
            pa.array(np.full(count, scored_at_ms), pa.int64()).view(_TIME),
            pa.array(scores, pa.float32()),
            pa.array(decisions, pa.string()),
            *(pa.repeat(constant, count) for constant in self._constants),
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=self._arrow)
        (bodies,) = pyruhvro.serialize_record_batch(batch, self._schema, 1)
        mark = self._header
        return [mark + body for body in bodies.to_pylist()]
