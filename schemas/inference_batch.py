"""Batch encoding of inference records."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import float32, int32, int64, njit, types, uint8

from schemas.arrow_buffers import numbers, string_data, string_offsets
from schemas.avro_bytes import encoded_long, encoded_longs, encoded_string
from schemas.avro_schemas import INFERENCE
from schemas.framing import header
from schemas.registry import SchemaRegistry

LONGEST_VARINT = 10
STRINGS, LONGS = 3, 8
"""Per record: texts; and, their lengths aside, an amount, two times, the decision, a partition, an offset and
the numbers of two arrays."""

_OFFSETS = types.Array(int32, 1, "C", readonly=True)
_READ_ONLY_BYTES = types.Array(uint8, 1, "C", readonly=True)
_READ_ONLY_LONGS = types.Array(int64, 1, "C", readonly=True)


class InferenceBatchEncoder:
    """Encodes the model's inputs and answers as framed Avro payloads, all at once.

    Written out in compiled code as `ScoreBatchEncoder` is, since the whole stream may be asked for. A test compares
    it with fastavro, byte by byte, and so notices a changed schema.
    """

    def __init__(self, subject: str, registry: SchemaRegistry, *, model_id: str, spec_hash: str) -> None:
        self._head = _bytes(header(registry.id_for(subject, INFERENCE)))
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
        nothing = np.empty((len(scores), 0), np.int64)
        sequences = nothing if entity_sequences is None else entity_sequences
        known = nothing if entity_label_offsets is None else entity_label_offsets
        middle = _bytes(self._model + encoded_long(shard))
        # The features are one block, whose count is the same in every record.
        tail = _bytes(encoded_longs(label_offsets) + encoded_long(x.shape[1]))
        ids, customers, merchants = (records.column(f"{name}_id") for name in ("transaction", "customer", "merchant"))
        starts = [string_offsets(column) for column in (ids, customers, merchants)]
        text = sum(int(np.sum(offsets[rows + 1] - offsets[rows], dtype=np.int64)) for offsets in starts)
        varints = STRINGS + LONGS + sequences.shape[1] + known.shape[1]
        # 4 bytes of a score, and 1 that ends each of three arrays.
        fixed = len(self._head) + varints * LONGEST_VARINT + 7 + len(middle) + len(tail) + 4 * x.shape[1]
        buffer = np.empty(text + len(rows) * fixed, np.uint8)
        bounds = np.empty(len(rows) + 1, np.int64)
        _write(
            buffer, bounds, rows, self._head, middle, tail,
            starts[0], string_data(ids), starts[1], string_data(customers), starts[2], string_data(merchants),
            numbers(records.column("amount_minor"), np.int64), numbers(records.column("event_time"), np.int64),
            scored_at_ms, scores, decisions, partitions, offsets, x, sequences,
            known,
        )  # fmt: skip
        whole, cuts = buffer[: bounds[-1]].tobytes(), bounds.tolist()
        return [whole[begin:end] for begin, end in pairwise(cuts)]


def _bytes(content: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8)


# The three below are as in score_batch.py: numba's cache watches a function's own file alone.
@njit(int64(uint8[::1], int64, int64), cache=True, nogil=True)
def _put_long(buffer: npt.NDArray[np.uint8], at: int, value: int) -> int:
    zigzag = np.uint64((value << 1) ^ (value >> 63))
    while zigzag >= 128:
        buffer[at] = np.uint8(zigzag & np.uint64(127)) | np.uint8(128)
        zigzag >>= np.uint64(7)
        at += 1
    buffer[at] = np.uint8(zigzag)
    return at + 1


@njit(int64(uint8[::1], int64, _READ_ONLY_BYTES, int64, int64), cache=True, nogil=True)
def _put_bytes(buffer: npt.NDArray[np.uint8], at: int, content: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    for index in range(begin, end):
        buffer[at] = content[index]
        at += 1
    return at


@njit(int64(uint8[::1], int64, types.Array(int64, 2, "C", readonly=True), int64), cache=True, nogil=True)
def _put_longs(buffer: npt.NDArray[np.uint8], at: int, values: Any, row: int) -> int:
    """Write a row as an array: a block with its count, then an empty block."""
    if values.shape[1]:
        at = _put_long(buffer, at, values.shape[1])
        for column in range(values.shape[1]):
            at = _put_long(buffer, at, values[row, column])
    buffer[at] = np.uint8(0)
    return at + 1


@njit(int64(uint8[::1], int64, _OFFSETS, _READ_ONLY_BYTES, int64), cache=True, nogil=True)
def _put_string(buffer: npt.NDArray[np.uint8], at: int, starts: Any, texts: Any, row: int) -> int:
    begin, end = int64(starts[row]) - starts[0], int64(starts[row + 1]) - starts[0]
    return _put_bytes(buffer, _put_long(buffer, at, end - begin), texts, begin, end)


@njit(int64(uint8[::1], int64, float32), cache=True, nogil=True)
def _put_float(buffer: npt.NDArray[np.uint8], at: int, value: float) -> int:
    bits = np.float32(value).view(np.uint32)
    for byte in range(4):
        buffer[at + byte] = np.uint8((bits >> np.uint32(8 * byte)) & np.uint32(255))
    return at + 4


@njit(
    types.void(
        uint8[::1], int64[::1], _READ_ONLY_LONGS, _READ_ONLY_BYTES, _READ_ONLY_BYTES, _READ_ONLY_BYTES,
        _OFFSETS, _READ_ONLY_BYTES, _OFFSETS, _READ_ONLY_BYTES, _OFFSETS, _READ_ONLY_BYTES,
        _READ_ONLY_LONGS, _READ_ONLY_LONGS, int64, types.Array(float32, 1, "C", readonly=True),
        types.Array(uint8, 1, "C", readonly=True), _READ_ONLY_LONGS, _READ_ONLY_LONGS,
        types.Array(float32, 2, "C", readonly=True), types.Array(int64, 2, "C", readonly=True),
        types.Array(int64, 2, "C", readonly=True),
    ),
    cache=True, nogil=True,
)  # fmt: skip
def _write(
    buffer: Any, bounds: Any, rows: Any, head: Any, middle: Any, tail: Any,
    id_starts: Any, ids: Any, customer_starts: Any, customers: Any, merchant_starts: Any, merchants: Any,
    amounts_minor: Any, event_times_ms: Any, scored_at_ms: int, scores: Any, decisions: Any, partitions: Any,
    offsets: Any, x: Any, sequences: Any, known: Any,
) -> None:  # fmt: skip
    at = 0
    for number, row in enumerate(rows):
        bounds[number] = at
        at = _put_bytes(buffer, at, head, 0, len(head))
        at = _put_string(buffer, at, id_starts, ids, row)
        at = _put_string(buffer, at, customer_starts, customers, row)
        at = _put_string(buffer, at, merchant_starts, merchants, row)
        at = _put_long(buffer, at, amounts_minor[row])
        at = _put_long(buffer, at, event_times_ms[row])
        at = _put_long(buffer, at, scored_at_ms)
        at = _put_float(buffer, at, scores[row])
        at = _put_long(buffer, at, decisions[row])
        at = _put_bytes(buffer, at, middle, 0, len(middle))
        at = _put_long(buffer, at, partitions[row])
        at = _put_long(buffer, at, offsets[row])
        at = _put_bytes(buffer, at, tail, 0, len(tail))
        for column in range(x.shape[1]):
            at = _put_float(buffer, at, x[row, column])
        buffer[at] = np.uint8(0)
        at = _put_longs(buffer, at + 1, sequences, row)
        at = _put_longs(buffer, at, known, row)
    bounds[len(rows)] = at
