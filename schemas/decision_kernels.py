"""Compiled writers of scores and inference records as Avro.

Both are here with all that they call: numba's cache watches a function's own file alone.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import float32, int32, int64, njit, types, uint8

LONGEST_VARINT = 10

_OFFSETS = types.Array(int32, 1, "C", readonly=True)
_READ_ONLY_BYTES = types.Array(uint8, 1, "C", readonly=True)
_READ_ONLY_LONGS = types.Array(int64, 1, "C", readonly=True)
_LONG_ROWS = types.Array(int64, 2, "C", readonly=True)


def as_array(content: bytes) -> npt.NDArray[np.uint8]:
    """Return bytes as an array."""
    return np.frombuffer(content, np.uint8)


def cut(buffer: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]) -> list[bytes]:
    """Return the payloads between the bounds."""
    whole = buffer[: bounds[-1]].tobytes()
    return [whole[begin:end] for begin, end in pairwise(bounds.tolist())]


def long_rows(rows: npt.NDArray[np.int64] | None, count: int) -> npt.NDArray[np.int64]:
    """Return an array of longs for each of ``count`` records; empty ones for None."""
    return np.empty((count, 0), np.int64) if rows is None else rows


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


@njit(int64(uint8[::1], int64, _OFFSETS, _READ_ONLY_BYTES, int64), cache=True, nogil=True)
def _put_string(buffer: npt.NDArray[np.uint8], at: int, starts: Any, texts: Any, row: int) -> int:
    begin, end = int64(starts[row]) - starts[0], int64(starts[row + 1]) - starts[0]
    return _put_bytes(buffer, _put_long(buffer, at, end - begin), texts, begin, end)


@njit(int64(uint8[::1], int64, _LONG_ROWS, int64), cache=True, nogil=True)
def _put_longs(buffer: npt.NDArray[np.uint8], at: int, values: Any, row: int) -> int:
    """Write a row as an array: a block with its count, then an empty block."""
    if values.shape[1]:
        at = _put_long(buffer, at, values.shape[1])
        for column in range(values.shape[1]):
            at = _put_long(buffer, at, values[row, column])
    buffer[at] = np.uint8(0)
    return at + 1


@njit(int64(uint8[::1], int64, float32), cache=True, nogil=True)
def _put_float(buffer: npt.NDArray[np.uint8], at: int, value: float) -> int:
    bits = np.float32(value).view(np.uint32)
    for byte in range(4):
        buffer[at + byte] = np.uint8((bits >> np.uint32(8 * byte)) & np.uint32(255))
    return at + 4


@njit(
    types.void(
        uint8[::1], int64[::1], _READ_ONLY_BYTES, _READ_ONLY_BYTES, _OFFSETS, _READ_ONLY_BYTES, _OFFSETS,
        _READ_ONLY_BYTES, _READ_ONLY_LONGS, int64, float32[::1], uint8[::1],
        _LONG_ROWS, _LONG_ROWS, _READ_ONLY_LONGS, _READ_ONLY_LONGS,
    ),
    cache=True, nogil=True,
)  # fmt: skip
def write_scores(
    buffer: Any, bounds: Any, head: Any, tail: Any, starts: Any, ids: Any, ends: Any, customers: Any,
    event_time_ms: Any, scored_at_ms: int, scores: Any, decisions: Any, sequences: Any, known: Any,
    partitions: Any, offsets: Any,
) -> None:  # fmt: skip
    """Write a record of each row, the first at 0; ``bounds`` gets where each begins, and the end."""
    at = 0
    for row in range(len(scores)):
        bounds[row] = at
        at = _put_bytes(buffer, at, head, 0, len(head))
        at = _put_long(buffer, at, starts[row + 1] - starts[row])
        at = _put_bytes(buffer, at, ids, starts[row] - starts[0], starts[row + 1] - starts[0])
        at = _put_long(buffer, at, ends[row + 1] - ends[row])
        at = _put_bytes(buffer, at, customers, ends[row] - ends[0], ends[row + 1] - ends[0])
        at = _put_long(buffer, at, event_time_ms[row])
        at = _put_long(buffer, at, scored_at_ms)
        at = _put_float(buffer, at, scores[row])
        at = _put_long(buffer, at, decisions[row])
        at = _put_bytes(buffer, at, tail, 0, len(tail))
        at = _put_longs(buffer, at, sequences, row)
        at = _put_longs(buffer, at, known, row)
        at = _put_long(buffer, at, partitions[row])
        at = _put_long(buffer, at, offsets[row])
    bounds[len(scores)] = at


@njit(
    types.void(
        uint8[::1], int64[::1], _READ_ONLY_LONGS, _READ_ONLY_BYTES, _READ_ONLY_BYTES, _READ_ONLY_BYTES,
        _OFFSETS, _READ_ONLY_BYTES, _OFFSETS, _READ_ONLY_BYTES, _OFFSETS, _READ_ONLY_BYTES,
        _READ_ONLY_LONGS, _READ_ONLY_LONGS, int64, types.Array(float32, 1, "C", readonly=True),
        _READ_ONLY_BYTES, _READ_ONLY_LONGS, _READ_ONLY_LONGS,
        types.Array(float32, 2, "C", readonly=True), _LONG_ROWS,
        _LONG_ROWS,
    ),
    cache=True, nogil=True,
)  # fmt: skip
def write_inference(
    buffer: Any, bounds: Any, rows: Any, head: Any, middle: Any, tail: Any,
    id_starts: Any, ids: Any, customer_starts: Any, customers: Any, merchant_starts: Any, merchants: Any,
    amounts_minor: Any, event_times_ms: Any, scored_at_ms: int, scores: Any, decisions: Any, partitions: Any,
    offsets: Any, x: Any, sequences: Any, known: Any,
) -> None:  # fmt: skip
    """Write a record of each of ``rows``, the first at 0; ``bounds`` gets where each begins, and the end."""
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
