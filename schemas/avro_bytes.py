"""Avro's binary form of single values, for what is the same in every record of a batch."""

from collections.abc import Sequence


def encoded_long(value: int) -> bytes:
    """Return a long, or an int."""
    zigzag = value << 1 ^ value >> 63
    varint = b""
    while zigzag >= 128:
        varint, zigzag = varint + bytes([zigzag & 127 | 128]), zigzag >> 7
    return varint + bytes([zigzag])


def encoded_string(text: str) -> bytes:
    """Return a string."""
    content = text.encode()
    return encoded_long(len(content)) + content


def encoded_longs(values: Sequence[int]) -> bytes:
    """Return an array of longs: a block with its count, then an empty block."""
    return b"".join(map(encoded_long, (len(values), *values, 0) if values else (0,)))
