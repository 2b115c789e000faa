import struct

import numpy as np
from numpy.typing import NDArray

from models.features.window import TILES, WINDOWS
from schemas.errors import UserError

K = 64
"""How many of a customer's transactions are kept one by one: the newest by event time."""

HISTORY_VERSION = 2
"""Version of the encoded form. Another layout of `ENTRY`, `TILE` or of the header needs another number and a
migration. Version 1 had no tiles, and is read as a history that has none yet."""

ENTRY = np.dtype(
    [
        ("transaction", "<u8"),  # hash of transaction_id; two ids of one customer are taken for one by 1 in 2**64
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

TILE = np.dtype(
    [
        ("number", "<i4"),  # event time // the window's tile_ms
        ("count", "<i4"),  # transactions in it; at 0 the others mean nothing
        ("total", "<f8"),  # sum of amounts, major units
        ("squares", "<f8"),  # sum of squared distances from their mean
        ("maximum", "<f8"),
    ]
)
"""What is known of the transactions of one span of time that are no longer kept one by one: 32 bytes."""

TILES_A_WINDOW = TILES + 1
TILES_KEPT = len(WINDOWS) * TILES_A_WINDOW
"""Tiles of a customer: for each window in turn, tile ``number`` at ``number % TILES_A_WINDOW``."""

HEADER = struct.Struct("<HHHH")
"""Version, number of entries, bytes per entry, number of tiles: 0, or TILES_KEPT once a transaction left."""

HEADERS = tuple(HEADER.pack(HISTORY_VERSION, count, ENTRY.itemsize, 0) for count in range(K + 1))
"""The header for each number of entries without tiles, packed beforehand: encoding is on the hot path."""

TILED_HEADER = HEADER.pack(HISTORY_VERSION, K, ENTRY.itemsize, TILES_KEPT)
_EARLIER_HEADERS = tuple(HEADER.pack(1, count, ENTRY.itemsize, 0) for count in range(K + 1))
_TILED_SIZE = HEADER.size + K * ENTRY.itemsize + TILES_KEPT * TILE.itemsize


class HistoryVersionError(UserError):
    """State that this version of the program can't read."""


def encode_history(entries: NDArray[np.void], tiles: NDArray[np.void] | None = None) -> bytes:
    """Return the durable form of what is kept of a customer.

    Parameters
    ----------
    entries : ndarray of ENTRY, (count,)
        Oldest first, count <= K.
    tiles : ndarray of TILE, (TILES_KEPT,), or None
        None unless a transaction has left the entries, which are K then.

    Returns
    -------
    bytes
        8 bytes of header, 40 bytes an entry and 32 a tile, little-endian: 2,568 bytes at most without tiles,
        4,648 with them.
    """
    if tiles is None:
        return HEADERS[len(entries)] + entries.tobytes()
    return TILED_HEADER + entries.tobytes() + tiles.tobytes()


def decode_history(raw: bytes) -> tuple[NDArray[np.void], NDArray[np.void] | None]:
    """Return the entries and the tiles that `encode_history` was given, as read-only views of ``raw``.

    Raises
    ------
    HistoryVersionError
        The bytes are of another version, or no encoded history at all.
    """
    count, tiled = check_history(raw)
    entries = np.frombuffer(raw, ENTRY, count, HEADER.size)
    return entries, np.frombuffer(raw, TILE, TILES_KEPT, HEADER.size + entries.nbytes) if tiled else None


def newest_event_time_ms(raw: bytes) -> int:
    """Return the event time of the newest transaction in an encoded history that has one or more."""
    entries, _ = decode_history(raw)
    return int(entries["event_time_ms"][-1])


def check_history(raw: bytes) -> tuple[int, bool]:
    """Return the number of entries in ``raw`` and whether it has tiles.

    Raises
    ------
    HistoryVersionError
        It can't be read.
    """
    if len(raw) == _TILED_SIZE and raw.startswith(TILED_HEADER):
        return K, True
    count = (len(raw) - HEADER.size) // ENTRY.itemsize
    size = HEADER.size + count * ENTRY.itemsize
    if 0 <= count <= K and len(raw) == size and raw.startswith((HEADERS[count], _EARLIER_HEADERS[count])):
        return count, False
    was = (
        "version {}, {} entries of {} bytes, {} tiles".format(*HEADER.unpack_from(raw))
        if len(raw) >= HEADER.size
        else "too short for a header"
    )
    raise HistoryVersionError(
        f"Customer history in the state: expected version 1 or {HISTORY_VERSION} with at most {K} entries of "
        f"{ENTRY.itemsize} bytes, was {was} ({len(raw)} bytes in all). Restore from a savepoint of this "
        "version of fraudstream, or run the version that wrote this one."
    )
