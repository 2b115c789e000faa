"""Hashes of text columns."""

import pyarrow as pa
import pytest

from models.features.hashing import hash_column

_MASK = 2**64 - 1


def murmur64a(data: bytes) -> int:
    """Follow the published algorithm on Python's integers."""
    multiply = 0xC6A4A7935BD1E995
    result = 0x8445D61A4E774912 ^ (len(data) * multiply & _MASK)
    for at in range(0, len(data) // 8 * 8, 8):
        block = int.from_bytes(data[at : at + 8], "little") * multiply & _MASK
        block = (block ^ block >> 47) * multiply & _MASK
        result = (result ^ block) * multiply & _MASK
    if len(data) % 8:
        tail = int.from_bytes(data[len(data) // 8 * 8 :], "little")
        result = (result ^ tail) * multiply & _MASK
    result = (result ^ result >> 47) * multiply & _MASK
    return result ^ result >> 47


TEXTS = ["", "a", "1234567", "12345678", "123456789", "merchant-000042", "ünïcödé 取引", "x" * 100]


def test_hash_is_murmur64a_of_the_utf8_bytes():
    assert hash_column(pa.array(TEXTS)).tolist() == [murmur64a(text.encode()) for text in TEXTS]


def test_null_is_zero_and_the_empty_string_is_not():
    hashes = hash_column(pa.array([None, "", "a", None]))
    assert hashes[[0, 3]].tolist() == [0, 0]
    assert hashes[1] != 0


@pytest.mark.parametrize("start", [0, 1, 7, 8, 9, 15])
def test_slice_hashes_as_its_own_array(start):
    texts = [None if i % 3 == 0 else f"text {i}" for i in range(40)]
    expected = hash_column(pa.array(texts[start : start + 20])).tolist()
    assert hash_column(pa.array(texts).slice(start, 20)).tolist() == expected


@pytest.mark.parametrize("column", [pa.array([], pa.string()), pa.array(["a"]).slice(1)])
def test_empty_column_has_no_hashes(column):
    assert hash_column(column).tolist() == []


def test_column_of_nulls_and_of_empty_strings_has_no_data_buffer():
    assert hash_column(pa.array([None, None], pa.string())).tolist() == [0, 0]
    assert hash_column(pa.array(["", ""])).tolist() == [murmur64a(b"")] * 2
