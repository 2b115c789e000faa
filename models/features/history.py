"""Customer histories and their encoding in state."""

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.window import TILES, WINDOWS
from schemas.durations import DAY_MS
from schemas.errors import UserError

K = 64
"""How many of a customer's transactions are kept one by one: the newest by event time."""

HISTORY_VERSION = 4
"""Version of the encoded form. Another layout of `ENTRY`, `TILE` or of the header needs another number and a
migration. Version 1 had no tiles, version 2 no ids, and version 3 no devices in tiles; each is read as a history that
has none yet."""

DUPLICATE_MS = 7 * DAY_MS
"""How long a transaction is recognised when it comes again, in event time before its customer's newest; those among
the newest K always are. A constant, as training, the job and `fraudstream verify` must agree on it."""

MAX_IDS = 1_024
"""Ids of a customer that are kept beyond the newest K: those that left last."""

ENTRY = np.dtype(
    [
        ("transaction", "<u8"),  # hash of transaction_id; two ids of one customer collide by 1 in 2**64
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
        ("devices", "<u8"),  # set of the devices: one of 64 bits is set for each
    ]
)
"""Sums of the transactions of one time span that are no longer kept one by one: 40 bytes."""

_TILE_V3 = np.dtype([(name, TILE[name]) for name in (TILE.names or ())[:-1]])

TILES_A_WINDOW = TILES + 1
TILES_KEPT = len(WINDOWS) * TILES_A_WINDOW
"""Tiles of a customer: for each window in turn, tile ``number`` at ``number % TILES_A_WINDOW``."""

ID_FIELDS = (np.dtype("<u8"), np.dtype("<i4"), np.dtype("<f4"))
"""Kept of a transaction that left the K newest less than DUPLICATE_MS before the newest: hash of transaction_id, minute
of event time, first score."""

ID_BYTES = sum(field.itemsize for field in ID_FIELDS)

HEADER = struct.Struct("<HHHH")
"""Version, number of entries, bytes per entry, number of tiles: 0, or TILES_KEPT once a transaction left. The number of
ids follows from the length."""

HEADERS = tuple(HEADER.pack(HISTORY_VERSION, count, ENTRY.itemsize, 0) for count in range(K + 1))
"""The header for each number of entries without tiles, packed beforehand: encoding is on the hot path."""

TILED_HEADER = HEADER.pack(HISTORY_VERSION, K, ENTRY.itemsize, TILES_KEPT)
_EARLIER_HEADERS = tuple(
    tuple(HEADER.pack(version, count, ENTRY.itemsize, 0) for version in (1, 2, 3)) for count in range(K + 1)
)
_TILES_AT = HEADER.size + K * ENTRY.itemsize
_TILED = (
    (TILED_HEADER, TILE, MAX_IDS),
    (HEADER.pack(3, K, ENTRY.itemsize, TILES_KEPT), _TILE_V3, MAX_IDS),
    (HEADER.pack(2, K, ENTRY.itemsize, TILES_KEPT), _TILE_V3, 0),
)
"""Header, tile and maximum number of ids of each version that has tiles."""


class HistoryVersionError(UserError):
    """State that this version of the program can't read."""


class Ids(NamedTuple):
    """Transactions that left a customer's K newest and are still recognised, in the order in which they left.

    Parameters
    ----------
    transactions : ndarray of uint64, (n,)
        Hashes of transaction_id.
    minutes : ndarray of int32, (n,)
        Event time, whole minutes since 1970.
    scores : ndarray of float32, (n,)
        First scores.
    """

    transactions: NDArray[Any]
    minutes: NDArray[Any]
    scores: NDArray[Any]


NO_IDS = Ids(*(np.empty(0, field) for field in ID_FIELDS))


def encode_history(entries: NDArray[np.void], tiles: NDArray[np.void] | None = None, ids: Ids = NO_IDS) -> bytes:
    """Return the durable form of what is kept of a customer.

    Parameters
    ----------
    entries : ndarray of ENTRY, (count,)
        Oldest first, count <= K.
    tiles : ndarray of TILE, (TILES_KEPT,), or None
        None unless a transaction has left the entries, which are K then.
    ids : Ids
        At most MAX_IDS; none without tiles.

    Returns
    -------
    bytes
        8 bytes of header, 40 bytes an entry, 40 a tile and 16 an id, little-endian: 2,568 bytes at most without tiles,
        5,168 with them, 21,552 with all ids.
    """
    if tiles is None:
        return HEADERS[len(entries)] + entries.tobytes()
    return b"".join((TILED_HEADER, entries.tobytes(), tiles.tobytes(), *(field.tobytes() for field in ids)))


def decode_history(raw: bytes) -> tuple[NDArray[np.void], NDArray[np.void] | None, Ids]:
    """Return the entries, the tiles and the ids that `encode_history` was given, as read-only arrays.

    Raises
    ------
    HistoryVersionError
        The bytes are of another version, or no encoded history at all.
    """
    count, tiled, ids = check_history(raw)
    entries = np.frombuffer(raw, ENTRY, count, HEADER.size)
    return (entries, decode_tiles(raw), decode_ids(raw, ids)) if tiled else (entries, None, NO_IDS)


def decode_tiles(raw: bytes) -> NDArray[np.void]:
    """Return the tiles of a history that has them; those of earlier versions without devices."""
    if raw.startswith(TILED_HEADER):
        return np.frombuffer(raw, TILE, TILES_KEPT, _TILES_AT)
    tiles = np.zeros(TILES_KEPT, TILE)
    former = np.frombuffer(raw, _TILE_V3, TILES_KEPT, _TILES_AT)
    for name in _TILE_V3.names or ():
        tiles[name] = former[name]
    return tiles


def decode_ids(raw: bytes, count: int) -> Ids:
    """Return the ids of a history that has so many, the last part of it, as read-only views of ``raw``."""
    at, fields = len(raw) - count * ID_BYTES, []
    for field in ID_FIELDS:
        fields.append(np.frombuffer(raw, field, count, at))
        at += count * field.itemsize
    return Ids(*fields)


def newest_event_time_ms(raw: bytes) -> int:
    """Return the event time of the newest transaction in an encoded history that has one or more."""
    entries, _, _ = decode_history(raw)
    return int(entries["event_time_ms"][-1])


def check_history(raw: bytes) -> tuple[int, bool, int]:
    """Return the number of entries in ``raw``, whether it has tiles, and the number of ids.

    Raises
    ------
    HistoryVersionError
        It can't be read.
    """
    for header, tile, max_ids in _TILED:
        if raw.startswith(header):
            ids, rest = divmod(len(raw) - _TILES_AT - TILES_KEPT * tile.itemsize, ID_BYTES)
            if 0 <= ids <= max_ids and not rest:
                return K, True, ids
    count = (len(raw) - HEADER.size) // ENTRY.itemsize
    size = HEADER.size + count * ENTRY.itemsize
    if 0 <= count <= K and len(raw) == size and raw.startswith((HEADERS[count], *_EARLIER_HEADERS[count])):
        return count, False, 0
    was = (
        "version {}, {} entries of {} bytes, {} tiles".format(*HEADER.unpack_from(raw))
        if len(raw) >= HEADER.size
        else "too short for a header"
    )
    raise HistoryVersionError(
        f"Customer history in the state: expected version 1 to {HISTORY_VERSION} with at most {K} entries of "
        f"{ENTRY.itemsize} bytes, got {was} ({len(raw)} bytes in all). Restore from a savepoint of this "
        "version of fraudstream, or run the version that wrote this one."
    )
