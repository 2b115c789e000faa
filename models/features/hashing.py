"""Stable hashes of strings and pairs."""

import numpy as np
import pyarrow as pa
from numba import uint64
from numpy.typing import NDArray

from models.features.columns import required
from models.features.compiled import compiled, inlined

_MULTIPLY = np.uint64(0xC6A4A7935BD1E995)
_SEED = np.uint64(0x8445D61A4E774912)
_NOTHING = np.empty(0, np.uint8)


def hash_column(column: pa.Array) -> NDArray[np.uint64]:
    """Hash each string of a column by MurmurHash64A: the same in every process and version.

    Parameters
    ----------
    column : pyarrow string array, (n,)
        May be a slice.

    Returns
    -------
    ndarray of uint64, (n,)
        0 for null and for nothing else.
    """
    validity, offsets, data = column.buffers()
    hashes = np.empty(len(column), np.uint64)
    if len(column):
        hash_strings(
            np.frombuffer(offsets, np.int32),
            np.frombuffer(data, np.uint8) if data else _NOTHING,
            np.frombuffer(validity, np.uint8) if validity else _NOTHING,
            column.offset,
            hashes,
        )
    return hashes


def hash_pairs(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash n pairs of hashes into one each, (n,); another order of the two gives another hash."""
    hashes = np.empty(len(first), np.uint64)
    write_pair_hashes(first, second, hashes)
    return hashes


def transaction_hashes(records: pa.RecordBatch) -> NDArray[np.uint64]:
    """Hash customer and transaction id of each record, (n,): two customers may use one transaction id."""
    return hash_pairs(hash_column(required(records, "customer_id")), hash_column(required(records, "transaction_id")))


@inlined
def hash_pair(first, second):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Hash a pair of hashes; never 0."""
    mixed = (first * _MULTIPLY) ^ second
    mixed = (mixed ^ (mixed >> uint64(47))) * _MULTIPLY
    mixed ^= mixed >> uint64(47)
    return mixed if mixed else uint64(1)


@compiled
def write_pair_hashes(first, second, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the hash of each pair."""
    for i in range(hashes.size):
        hashes[i] = hash_pair(first[i], second[i])


@inlined
def _murmur(data, start, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Hash data[start:end]; every operand is uint64, as numba turns a mix with int64 into float64."""
    length = end - start
    result = _SEED ^ (uint64(length) * _MULTIPLY)
    last_block = start + length // 8 * 8
    for at in range(start, last_block, 8):
        block = uint64(0)
        for byte in range(8):
            block |= uint64(data[at + byte]) << uint64(8 * byte)
        block *= _MULTIPLY
        block ^= block >> uint64(47)
        result = (result ^ (block * _MULTIPLY)) * _MULTIPLY
    if last_block < end:
        block = uint64(0)
        for at in range(last_block, end):
            block |= uint64(data[at]) << uint64(8 * (at - last_block))
        result = (result ^ block) * _MULTIPLY
    result = (result ^ (result >> uint64(47))) * _MULTIPLY
    return result ^ (result >> uint64(47))


@compiled
def hash_strings(offsets, data, validity, first, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Hash Arrow's strings from number ``first`` on; ``validity`` is empty when none is null."""
    for i in range(hashes.size):
        at = first + i
        if validity.size and not (validity[at >> 3] >> (at & 7)) & 1:
            hashes[i] = 0
            continue
        found = _murmur(data, offsets[at], offsets[at + 1])
        hashes[i] = found if found else uint64(1)
