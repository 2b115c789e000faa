"""Flink's hashes of keys and of texts, which decide which subtask has a key.

Constants and steps are those of MurmurHash3 (x86, 32 bits), as Flink uses it. tests/integration compares them with
Flink's own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_PARALLELISM = 128
"""Key groups of the job."""

_SEED, _MASK = 42, 0xFFFFFFFF
_C1, _C2, _ADDED = 0xCC9E2D51, 0x1B873593, 0xE6546B64
_ROW_OF_ONE = 62
"""Added to an int by the hash of a Row that has it alone."""


def sql_key_groups(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the key group of each int key in SQL's exchanges, which hash a BinaryRowData: zeros around the key."""
    words, zeros = keys & _MASK, np.zeros_like(keys)
    found = np.full_like(keys, _SEED)
    for word in (zeros, zeros, words, zeros):
        found = _mixed(found, _scrambled(word))
    return _groups(_finished(found, 16))


def row_key_groups(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the key group of each int key in exchanges of a DataStream, which hash a Row."""
    return _groups((keys + _ROW_OF_ONE) & _MASK)


def text_hash(text: str) -> int:
    """Return SQL's HASH_CODE of a text, a signed 32-bit number."""
    data = text.encode()
    whole = len(data) // 4 * 4
    found = _SEED
    for at in range(0, whole, 4):
        found = _mixed(found, _scrambled(int.from_bytes(data[at : at + 4], "little")))
    for byte in data[whole:]:
        found = _mixed(found, _scrambled(byte if byte < 128 else byte + 0xFFFFFF00))
    unsigned = int(_finished(found, len(data)))
    return unsigned - (1 << 32) if unsigned >> 31 else unsigned


# Python's ints, and int64 arrays: a product of two 32-bit numbers may overflow there, which leaves its low bits right.


def _groups(hashes: NDArray[np.int64]) -> NDArray[np.int64]:
    code = _finished(_rotated(_scrambled(hashes), 13) * 5 + _ADDED & _MASK, 4)
    signed = code - ((code >> 31) << 32)
    return np.where(signed == -(1 << 31), 0, np.abs(signed)) % MAX_PARALLELISM


def _scrambled(word: Any) -> Any:
    return _rotated(word * _C1 & _MASK, 15) * _C2 & _MASK


def _mixed(found: Any, word: Any) -> Any:
    return _rotated(found ^ word, 13) * 5 + _ADDED & _MASK


def _finished(found: Any, length: int) -> Any:
    found = found ^ length
    found = (found ^ found >> 16) * 0x85EBCA6B & _MASK
    found = (found ^ found >> 13) * 0xC2B2AE35 & _MASK
    return found ^ found >> 16


def _rotated(word: Any, bits: int) -> Any:
    return (word << bits | word >> 32 - bits) & _MASK
