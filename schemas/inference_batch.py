"""Batch encoding of inference records."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_buffers import numbers, string_data, string_offsets
from schemas.avro_bytes import encoded_long, encoded_longs, encoded_string
from schemas.avro_schemas import INFERENCE
from schemas.decision_kernels import LONGEST_VARINT, as_array, cut, long_rows, write_inference
from schemas.framing import header
from schemas.registry import SchemaRegistry

STRINGS, LONGS = 3, 8
"""Per record: texts; and, their lengths aside, an amount, two times, the decision, a partition, an offset and
the numbers of two arrays."""


class InferenceBatchEncoder:
    """Encodes the model's inputs and answers as framed Avro payloads, all at once.

    Written out in compiled code as `ScoreBatchEncoder` is, since the whole stream may be asked for. A test compares
    it with fastavro, byte by byte, and so notices a changed schema.
    """

    def __init__(self, subject: str, registry: SchemaRegistry, *, model_id: str, spec_hash: str) -> None:
        self._head = as_array(header(registry.id_for(subject, INFERENCE)))
        self._model = encoded_string(model_id) + encoded_string(spec_hash)

    def encode(
        self,
        records: pa.RecordBatch,
        rows: npt.NDArray[np.int64],
        x: npt.NDArray[np.float32],
        scores: npt.NDArray[np.float32],
        decisions: npt.NDArray[np.uint8],
        partitions: npt.NDArray[np.int64],
        offsets: npt.NDArray[np.int64],
        *,
        scored_at_ms: int,
        shard: int,
        label_offsets: Sequence[int],
        entity_sequences: npt.NDArray[np.int64] | None = None,
        entity_label_offsets: npt.NDArray[np.int64] | None = None,
    ) -> list[bytes]:
        """Return one payload for each of the chosen rows.

        Parameters
        ----------
        records : pyarrow.RecordBatch
            n rows of TRANSACTION_ARROW.
        rows : (k,) int64
            Rows to encode.
        x : (n, F) float32, C-contiguous
            The features.
        scores, decisions : (n,) float32, (n,) uint8
            As in `ScoreBatchEncoder.encode`.
        partitions, offsets : (n,) int64
            Position of each transaction.
        scored_at_ms, shard, label_offsets
            Of the whole batch, as in `ScoreBatchEncoder.encode`.
        entity_sequences, entity_label_offsets : (n, E) int64 and (n, L) int64, C-contiguous, or None
            As in `ScoreBatchEncoder.encode`.
        """
        sequences = long_rows(entity_sequences, len(scores))
        known = long_rows(entity_label_offsets, len(scores))
        middle = as_array(self._model + encoded_long(shard))
        # The features are one block, whose count is the same in every record.
        tail = as_array(encoded_longs(label_offsets) + encoded_long(x.shape[1]))
        ids, customers, merchants = (records.column(f"{name}_id") for name in ("transaction", "customer", "merchant"))
        starts = [string_offsets(column) for column in (ids, customers, merchants)]
        text = sum(int(np.sum(offsets[rows + 1] - offsets[rows], dtype=np.int64)) for offsets in starts)
        varints = STRINGS + LONGS + sequences.shape[1] + known.shape[1]
        # 4 bytes of a score, and 1 that ends each of three arrays.
        fixed = len(self._head) + varints * LONGEST_VARINT + 7 + len(middle) + len(tail) + 4 * x.shape[1]
        buffer = np.empty(text + len(rows) * fixed, np.uint8)
        bounds = np.empty(len(rows) + 1, np.int64)
        write_inference(
            buffer, bounds, rows, self._head, middle, tail,
            starts[0], string_data(ids), starts[1], string_data(customers), starts[2], string_data(merchants),
            numbers(records.column("amount_minor"), np.int64), numbers(records.column("event_time"), np.int64),
            scored_at_ms, scores, decisions, partitions, offsets, x, sequences,
            known,
        )  # fmt: skip
        return cut(buffer, bounds)
