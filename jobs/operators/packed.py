"""Several byte strings in one, for the JVM's edges and the state."""

from collections.abc import Sequence

import numpy as np

VERSION = 1


class PackedError(RuntimeError):
    """Bytes that `pack` did not write."""


def pack(parts: Sequence[bytes | memoryview]) -> bytes:
    """Return one byte string of several: version and number as two int64, the lengths as int64, then the parts."""
    lengths = [len(part) for part in parts]
    return b"".join((np.array([VERSION, len(parts), *lengths], "<i8").tobytes(), *parts))


def unpack(raw: bytes) -> list[memoryview]:
    """Return the parts of `pack`, as views.

    Raises
    ------
    PackedError
        The bytes are of another version, or cut off.
    """
    version, count = np.frombuffer(raw, "<i8", 2).tolist() if len(raw) >= 16 else (0, 0)
    if version == VERSION and 0 <= count <= len(raw) // 8 - 2:
        bounds = np.cumsum(np.frombuffer(raw, "<i8", count + 1, 8).astype(np.int64))
        bounds += 16 + 8 * count - count  # the first number is the count itself, not a length
        if bounds[-1] == len(raw):
            view = memoryview(raw)
            return [view[begin:end] for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
    raise PackedError(
        f"expected packed bytes of version {VERSION}, got {len(raw)} bytes of version {version}. "
        "Restore from a savepoint of this version of fraudstream"
    )
