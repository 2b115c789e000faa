import struct

import numpy as np
from numpy.typing import NDArray

from schemas.errors import UserError

K = 64
"""How many of a customer's transactions are kept: the newest by event time."""

HISTORY_VERSION = 1
"""Version of the encoded form. Another layout of `ENTRY` or of the header needs another number and a
migration."""

ENTRY = np.dtype(
    [
        (
            "transaction",
            "<u8",
        ),  # hash of transaction_id; two ids of one customer are taken for one by 1 in 2**64
        ("event_time_ms", "<i8"),
        ("amount", "<f4"),  # major units
        ("merchant", "<u4"),  # hash of merchant_id, never 0
        ("device", "<u4"),  # hash of device_id, 0 for none
        ("score", "<f4"),  # the transaction's first score; -(1 + batch index) until it is known
        ("latitude", "<f4"),  # degrees, NaN for none
        ("longitude", "<f4"),
    ]
)
"""One kept transaction: 40 bytes, every field at its natural alignment."""

HEADER = struct.Struct("<HHHH")
"""Version, number of entries, bytes per entry, zero."""

HEADERS = tuple(HEADER.pack(HISTORY_VERSION, count, ENTRY.itemsize, 0) for count in range(K + 1))
"""The header for each possible number of entries, packed beforehand: encoding is on the hot path."""


class HistoryVersionError(UserError):
    """State that this version of the program can't read."""


def encode_history(entries: NDArray[np.void]) -> bytes:
    """Return the durable form of a customer's kept transactions.

    Parameters
    ----------
    entries : ndarray of ENTRY, (count,)
        Oldest first, count <= K.

    Returns
    -------
    bytes
        8 bytes of header and 40 bytes an entry, little-endian: 2,568 bytes at most.
    """
    return HEADERS[len(entries)] + entries.tobytes()


def decode_history(raw: bytes) -> NDArray[np.void]:
    """Return the entries that `encode_history` was given, as a read-only view of ``raw``.

    Returns
    -------
    ndarray of ENTRY, (count,)

    Raises
    ------
    HistoryVersionError
        The bytes are of another version, or no encoded history at all.
    """
    return np.frombuffer(raw, ENTRY, check_history(raw), HEADER.size)


def check_history(raw: bytes) -> int:
    """Return the number of entries in ``raw``, or raise `HistoryVersionError` when they can't be read."""
    count = (len(raw) - HEADER.size) // ENTRY.itemsize
    size = HEADER.size + count * ENTRY.itemsize
    if 0 <= count <= K and len(raw) == size and raw.startswith(HEADERS[count]):
        return count
    was = (
        "version {}, {} entries of {} bytes".format(*HEADER.unpack_from(raw)[:3])
        if len(raw) >= HEADER.size
        else "too short for a header"
    )
    raise HistoryVersionError(
        f"Customer history in the state: expected version {HISTORY_VERSION} with at most {K} entries of "
        f"{ENTRY.itemsize} bytes, was {was} ({len(raw)} bytes in all). Restore from a savepoint of this "
        "version of fraudstream, or run the version that wrote this one."
    )
