"""Durable form of the live state of an entity: a merchant, a device or another column's value."""

import struct
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.history import HistoryVersionError
from models.features.window import TILES, WINDOWS

RECENT = 32
"""Events of an entity that are kept one by one: the newest by event time."""

MAX_LEFT_IDS = 1_024
"""Transactions of an entity that are recognized as duplicates beyond those kept one by one."""

REGISTERS = 64
"""Registers of a HyperLogLog sketch: a relative standard error of 1.04 / sqrt(64), 13 %."""

BLOOM_WORDS = 32
"""Words of a Bloom filter generation: 2,048 bits."""

BLOOM_ADDS = 256
"""Customers after which a Bloom filter generation is full: at most 3 % false positives in each of the two."""

EVENT = np.dtype(
    [
        ("key", "<u8"),  # hash of the entity's value
        ("customer", "<u8"),  # hash of customer_id
        ("transaction", "<u8"),  # hash of customer_id and transaction_id
        ("event_time_ms", "<i8"),
        ("amount", "<f4"),  # major units
        ("row", "<u4"),  # row of the reply
    ]
)
"""One transaction as its entities see it: 40 bytes."""

ENTRY = np.dtype(
    [
        ("transaction", "<u8"),
        ("customer", "<u8"),
        ("event_time_ms", "<i8"),
        ("amount", "<f4"),
        ("is_new", "<u4"),  # 1 if the customer was not known here before
    ]
)
"""One event that is kept: 32 bytes."""

TILE = np.dtype(
    [
        ("number", "<i4"),  # event time // the window's tile_ms
        ("count", "<i4"),  # at 0 the other fields are undefined
        ("new", "<i4"),
        ("maximum", "<f4"),
        ("total", "<f8"),
        ("squares", "<f8"),  # sum of squared distances from the mean
        ("registers", "u1", (REGISTERS,)),
    ]
)
"""Events of one span of time that are no longer kept one by one: 96 bytes."""

SEEN = np.dtype([("adds", "<i8"), ("words", "<u8", (2, BLOOM_WORDS))])
"""Customers whose events left the entity's entries, in two generations of a Bloom filter; the first is filled."""

TILES_A_WINDOW = TILES + 1
TILES_KEPT = len(WINDOWS) * TILES_A_WINDOW

ID_FIELDS = (np.dtype("<u8"), np.dtype("<i4"))
"""Hash of the transaction, and event time in whole minutes since 1970, of the events that left."""

ENTITY_VERSION = 2
HEADER = struct.Struct("<HHHHqq")
"""Version, entries, bytes per entry, ids of events that left, last event's sequence number, first event time in ms."""

_ENTRY = struct.Struct("<QQqfI")
"""ENTRY, to read one at a tenth of numpy's cost."""

_CODEC = pa.Codec("lz4_raw")

_OLDER_BYTES = TILES_KEPT * TILE.itemsize + SEEN.itemsize
_ID_BYTES = sum(field.itemsize for field in ID_FIELDS)


class EntityRecord(NamedTuple):
    """Decoded state of an entity.

    Parameters
    ----------
    entries : ndarray of ENTRY, (count,)
        By event time, count <= RECENT.
    sequence : int
        Of the last event.
    first_ms : int
        Event time of the first event.
    tiles : ndarray of TILE, (TILES_KEPT,), or None
        None unless an event left the entries.
    seen : ndarray of SEEN, (1,), or None
    ids : tuple of ndarray, (n,) each
        See ID_FIELDS, in the order in which they left.
    """

    entries: NDArray[Any]
    sequence: int
    first_ms: int
    tiles: NDArray[Any] | None
    seen: NDArray[Any] | None
    ids: tuple[NDArray[Any], ...]


def encode_entity(record: EntityRecord) -> bytes:
    """Return the durable form of an entity: 24 bytes of header and 32 an entry, then what is kept of events that left.

    That part has 6.8 kB and 12 bytes an id, most of them zeros: compressed by lz4 (8 us) it has a third.
    """
    count, ids = len(record.entries), len(record.ids[0]) if record.ids else 0
    header = HEADER.pack(ENTITY_VERSION, count, ENTRY.itemsize, ids, record.sequence, record.first_ms)
    entries = record.entries.tobytes()
    if record.tiles is None or record.seen is None:
        return header + entries
    older = b"".join((record.tiles.tobytes(), record.seen.tobytes(), *(field.tobytes() for field in record.ids)))
    compressed: bytes = _CODEC.compress(older, asbytes=True)
    return header + entries + compressed


def decode_entity(raw: bytes) -> EntityRecord:
    """Return what `encode_entity` was given, as read-only arrays.

    Raises
    ------
    HistoryVersionError
        The bytes are of another version, or no entity at all.
    """
    count, ids, sequence, first_ms = _header(raw)
    entries, at = np.frombuffer(raw, ENTRY, count, HEADER.size), HEADER.size + count * ENTRY.itemsize
    if at == len(raw):
        return EntityRecord(entries, sequence, first_ms, None, None, _NO_IDS)
    try:
        older = _CODEC.decompress(raw[at:], decompressed_size=_OLDER_BYTES + ids * _ID_BYTES, asbytes=True)
    except (OSError, ValueError) as error:
        raise _unreadable(f"{len(raw) - at} bytes that are not compressed", raw) from error
    tiles = np.frombuffer(older, TILE, TILES_KEPT)
    seen = np.frombuffer(older, SEEN, 1, tiles.nbytes)
    hashes = np.frombuffer(older, ID_FIELDS[0], ids, _OLDER_BYTES)
    minutes = np.frombuffer(older, ID_FIELDS[1], ids, _OLDER_BYTES + hashes.nbytes)
    return EntityRecord(entries, sequence, first_ms, tiles, seen, (hashes, minutes))


def newest_event_time_ms(raw: bytes) -> int:
    """Return the event time of an encoded entity's newest event, milliseconds since 1970; 0 without any."""
    count, _, _, _ = _header(raw)
    return int(_ENTRY.unpack_from(raw, HEADER.size + (count - 1) * _ENTRY.size)[2]) if count else 0


def _header(raw: bytes) -> tuple[int, int, int, int]:
    """Return the numbers of entries and of ids, the sequence number, and the first event time."""
    if len(raw) < HEADER.size:
        raise _unreadable("too short for a header", raw)
    version, count, itemsize, ids, sequence, first_ms = HEADER.unpack_from(raw)
    known = version == ENTITY_VERSION and itemsize == ENTRY.itemsize and count <= RECENT and ids <= MAX_LEFT_IDS
    if not known or len(raw) < HEADER.size + count * itemsize:
        raise _unreadable(f"version {version}, {count} entries of {itemsize} bytes, {ids} ids", raw)
    return count, ids, sequence, first_ms


def _unreadable(got: str, raw: bytes) -> HistoryVersionError:
    return HistoryVersionError(
        f"Entity in the state: expected version {ENTITY_VERSION} with at most {RECENT} entries of "
        f"{ENTRY.itemsize} bytes, got {got} ({len(raw)} bytes in all). Restore from a savepoint of this version of "
        "fraudstream, or run the version that wrote this one."
    )


_NO_IDS = tuple(np.empty(0, field) for field in ID_FIELDS)
