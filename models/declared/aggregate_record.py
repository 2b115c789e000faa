"""Durable form of the declared features' state of an entity."""

from __future__ import annotations

import hashlib
import struct
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.declared.aggregate_plan import AggregatePlan
from models.features.entities.entity_record import ID_FIELDS, MAX_LEFT_IDS, REGISTERS
from models.features.history import HistoryVersionError

RECENT = 32
"""Events of an entity that are kept one by one: the newest by event time."""

KNOWN_VALUES = 64
"""Different values of a column, of events that left, that are kept one by one: those that were last seen latest."""

TILES_A_WINDOW = 13
"""Tiles that are kept, each a twelfth of the window."""

NEVER_MS = -(1 << 62)
"""Time of what has not happened."""

TILE = np.dtype(
    [
        ("number", "<i4"),  # event time // the tile's length
        ("count", "<i4"),  # at 0 the tile is empty
        ("minimum", "<f4"),
        ("maximum", "<f4"),
        ("total", "<f8"),
        ("squares", "<f8"),  # sum of squared distances from the mean
    ]
)
"""Numbers of one span of time, of events that left: 32 bytes."""

AGGREGATE_VERSION = 1
HEADER = struct.Struct("<HHHHQqq")
"""Version, words of an event, events, ids of those that left, layout, last sequence number, first event time in ms."""

_CODEC = pa.Codec("lz4_raw")


class OlderState(NamedTuple):
    """State of the events that left: one entity's, or of many, each array with an axis in front.

    Parameters
    ----------
    tiles : ndarray of TILE, (cells * TILES_A_WINDOW,)
    numbers : ndarray of int32, (distinct cells * TILES_A_WINDOW,)
        Numbers of the tiles of the registers, 0 for an empty one.
    registers : ndarray of uint8, (distinct cells * TILES_A_WINDOW, REGISTERS)
        HyperLogLog sketches.
    known : ndarray of uint64, (groups, KNOWN_VALUES)
        Hashes of values.
    known_ms : ndarray of int64, (groups, KNOWN_VALUES)
        When each was last seen.
    known_counts : ndarray of int32, (groups,)
    evicted_ms : ndarray of int64, (groups,)
        When the latest of those that are not kept was last seen, NEVER_MS for none.
    trace_ms : ndarray of int64, (traces,)
        When the newest event that left took place, NEVER_MS for none.
    trace_values : ndarray of float64, (traces,)
        Its number.
    """

    tiles: NDArray[Any]
    numbers: NDArray[np.int32]
    registers: NDArray[np.uint8]
    known: NDArray[np.uint64]
    known_ms: NDArray[np.int64]
    known_counts: NDArray[np.int32]
    evicted_ms: NDArray[np.int64]
    trace_ms: NDArray[np.int64]
    trace_values: NDArray[np.float64]

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Return the arrays, all of one type to a type checker."""
        return self

    def of(self, slots: int | NDArray[np.int64]) -> OlderState:
        """Return that of one entity of many, as views, or of several, as copies."""
        return OlderState(*(array[slots] for array in self.arrays))

    def put(self, slots: int | NDArray[np.int64], older: OlderState) -> None:
        """Overwrite that of one entity or of several."""
        for held, array in zip(self.arrays, older.arrays, strict=True):
            held[slots] = array


class AggregateRecord(NamedTuple):
    """Decoded state of an entity.

    Parameters
    ----------
    events : ndarray of int64, (count, words)
        By event time, count <= RECENT.
    sequence : int
        Of the last event.
    first_ms : int
        Event time of the first event.
    older : OlderState or None
        None unless an event left.
    ids : tuple of ndarray, (n,) each
        See ID_FIELDS, in the order in which they left.
    """

    events: NDArray[np.int64]
    sequence: int
    first_ms: int
    older: OlderState | None
    ids: tuple[NDArray[Any], ...]


def newest_event_ms(raw: bytes) -> int:
    """Return the newest event time of a record of any layout, milliseconds since 1970; 0 without events."""
    _, words, count, *_ = HEADER.unpack_from(raw)
    return int(np.frombuffer(raw, np.int64, 1, HEADER.size + (count - 1) * words * 8)[0]) if count else 0


class AggregateLayout:
    """Layout of the state of one entity's declared features.

    Parameters
    ----------
    plan : AggregatePlan
    """

    def __init__(self, plan: AggregatePlan) -> None:
        cells, distinct = len(plan.cell_ms) * TILES_A_WINDOW, len(plan.distinct_ms) * TILES_A_WINDOW
        groups, traces = len(plan.groups), len(plan.traces)
        self._fields: tuple[tuple[tuple[int, ...], Any], ...] = (
            ((cells,), TILE),
            ((distinct,), np.int32),
            ((distinct, REGISTERS), np.uint8),
            ((groups, KNOWN_VALUES), np.uint64),
            ((groups, KNOWN_VALUES), np.int64),
            ((groups,), np.int32),
            ((groups,), np.int64),
            ((traces,), np.int64),
            ((traces,), np.float64),
        )
        self.words = plan.words
        digest = hashlib.sha256("\n".join(plan.layout).encode()).digest()
        self.id = int.from_bytes(digest[:8], "little")

    def empty(self, entities: int) -> OlderState:
        """Return arrays for many entities; untouched memory where there is nothing."""
        return OlderState(*(np.zeros((entities, *shape), dtype) for shape, dtype in self._fields))

    def encode(self, record: AggregateRecord) -> bytes:
        """Return the durable form of an entity: the header, its events, then what is kept of events that left, lz4."""
        count, ids = len(record.events), len(record.ids[0]) if record.ids else 0
        header = HEADER.pack(
            AGGREGATE_VERSION, self.words, count, ids, self.id, record.sequence, record.first_ms
        )  # fmt: skip
        events = record.events.tobytes()
        if record.older is None:
            return header + events
        older = b"".join(array.tobytes() for array in (*record.older, *record.ids))
        compressed: bytes = _CODEC.compress(older, asbytes=True)
        return header + events + compressed

    def fits(self, raw: bytes) -> bool:
        """Return whether a record is of this layout."""
        return len(raw) < HEADER.size or HEADER.unpack_from(raw)[4] == self.id

    def decode(self, raw: bytes) -> AggregateRecord:
        """Return what `encode` was given, as read-only arrays.

        Raises
        ------
        HistoryVersionError
            The bytes are of another version or another declaration, or no record at all.
        """
        if len(raw) < HEADER.size:
            raise _unreadable("too short for a header", raw)
        version, words, count, ids, layout, sequence, first_ms = HEADER.unpack_from(raw)
        if version != AGGREGATE_VERSION:
            raise _unreadable(f"version {version}", raw)
        if layout != self.id or words != self.words:
            raise _unreadable("one of other declared features", raw)
        at = HEADER.size + count * words * 8
        if count > RECENT or ids > MAX_LEFT_IDS or len(raw) < at:
            raise _unreadable(f"{count} events, {ids} ids", raw)
        events = np.frombuffer(raw, np.int64, count * words, HEADER.size).reshape(count, words)
        if at == len(raw):
            return AggregateRecord(events, sequence, first_ms, None, _NO_IDS)
        return AggregateRecord(events, sequence, first_ms, *self._older(raw, at, ids))

    def _older(self, raw: bytes, at: int, ids: int) -> tuple[OlderState, tuple[NDArray[Any], ...]]:
        shapes = (*self._fields, *(((ids,), field) for field in ID_FIELDS))
        sizes = [int(np.prod(shape)) * np.dtype(dtype).itemsize for shape, dtype in shapes]
        try:
            older = _CODEC.decompress(raw[at:], decompressed_size=sum(sizes), asbytes=True)
        except (OSError, ValueError) as error:
            raise _unreadable(f"{len(raw) - at} bytes that are not compressed", raw) from error
        arrays, offset = [], 0
        for (shape, dtype), size in zip(shapes, sizes, strict=True):
            arrays.append(np.frombuffer(older, dtype, int(np.prod(shape)), offset).reshape(shape))
            offset += size
        split = len(self._fields)
        return OlderState(*arrays[:split]), tuple(arrays[split:])


def _unreadable(got: str, raw: bytes) -> HistoryVersionError:
    return HistoryVersionError(
        f"Declared features in the state: expected a record of version {AGGREGATE_VERSION} and of the declaration in "
        f"use, got {got} ({len(raw)} bytes in all). Start with the declaration that wrote it, or from an empty state."
    )


_NO_IDS = tuple(np.empty(0, field) for field in ID_FIELDS)
