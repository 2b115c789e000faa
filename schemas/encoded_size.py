from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import int32, int64, njit, types

from schemas.arrow_buffers import numbers, string_offsets
from schemas.columns import STRING_COLUMNS, TRANSACTION_ARROW

_DOUBLES = [place for place, field in enumerate(TRANSACTION_ARROW) if pa.types.is_float64(field.type)]
_LONGS = [place for place in range(len(TRANSACTION_ARROW)) if place not in {*STRING_COLUMNS, *_DOUBLES}]
_UNIONS = sum(field.nullable for field in TRANSACTION_ARROW)


def encoded_bytes(batch: pa.RecordBatch) -> int:
    """Return how many bytes a batch of transactions takes in Avro's canonical binary form, without headers."""
    columns = batch.columns
    total = _UNIONS * len(batch)  # the branch of a union with null takes one byte
    for place in STRING_COLUMNS:
        column = columns[place]
        # A null is an empty string here, with a length of one byte that the encoding does not have.
        total += _string_sizes(string_offsets(column)) - column.null_count
    for place in _DOUBLES:
        total += 8 * (len(batch) - columns[place].null_count)
    for place in _LONGS:
        total += _long_sizes(numbers(columns[place], np.int64))
    return int(total)


# Arrow's buffers are read-only, which is part of the type. Signatures compile at import, not at the first batch.
_OFFSETS = types.Array(int32, 1, "C", readonly=True)
_VALUES = types.Array(int64, 1, "C", readonly=True)


@njit(int64(int64), cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _varint_size(value: Any) -> int:
    zigzag = np.uint64((value << 1) ^ (value >> 63))
    size = 1
    while zigzag >= 128:
        zigzag >>= np.uint64(7)
        size += 1
    return size


@njit(int64(_OFFSETS), cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _string_sizes(offsets: npt.NDArray[np.int32]) -> int:
    total = 0
    for row in range(len(offsets) - 1):
        length = np.int64(offsets[row + 1] - offsets[row])
        total += length + _varint_size(length)
    return total


@njit(int64(_VALUES), cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _long_sizes(values: npt.NDArray[np.int64]) -> int:
    total = 0
    for value in values:
        total += _varint_size(value)
    return total
