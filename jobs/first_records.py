"""Records of the control topic as one text of the job's settings."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping

_LENGTHS = struct.Struct(">II")


def pack_records(records: Mapping[str, bytes]) -> str:
    """Return payloads by their keys as base64 of compressed bytes: many are written by one hand, and alike."""
    parts = []
    for name, payload in records.items():
        key = name.encode()
        parts += [_LENGTHS.pack(len(key), len(payload)), key, payload]
    return b64encode(zlib.compress(b"".join(parts))).decode()


def unpack_records(text: str) -> dict[str, bytes]:
    """Return the payloads that `pack_records` was given, by their keys."""
    data, at, found = zlib.decompress(b64decode(text)), 0, {}
    while at < len(data):
        key_size, size = _LENGTHS.unpack_from(data, at)
        key_end = at + _LENGTHS.size + key_size
        found[data[at + _LENGTHS.size : key_end].decode()] = data[key_end : key_end + size]
        at = key_end + size
    return found
