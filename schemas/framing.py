"""Confluent framing: a zero byte, the schema id as a big-endian int, then the Avro body."""

import struct

HEADER = struct.Struct(">bI")
HEADER_BYTES = HEADER.size


class FramingError(ValueError):
    """The payload does not begin with a Confluent header."""


def header(schema_id: int) -> bytes:
    """Return the five bytes that go before an Avro body written with `schema_id`."""
    return HEADER.pack(0, schema_id)


def schema_id_of(payload: bytes) -> int:
    """Return the schema id in the header of `payload`.

    Raises
    ------
    FramingError
        The payload is shorter than a header or its first byte is not zero.
    """
    if len(payload) < HEADER_BYTES:
        raise FramingError(f"expected at least {HEADER_BYTES} header bytes, got {len(payload)}")
    magic, schema_id = HEADER.unpack_from(payload)
    if magic != 0:
        raise FramingError(f"expected 0x00 as first byte, got 0x{payload[0]:02x}")
    return int(schema_id)
