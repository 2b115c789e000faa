"""One shard of the entity operator, between memory and state."""

from __future__ import annotations

import math
import struct
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.operators.entity_reply import EntityReply
from jobs.operators.entity_state import signed, unsigned
from jobs.operators.expiry_index import ExpiryIndex
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_inputs import NO_SEQUENCE
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entities.entity_record import EVENT, newest_event_time_ms
from schemas.wall_clock import now_ms

if TYPE_CHECKING:
    from jobs.operators.entity_state import EntityState

MAX_LOGGED, MAX_ENTRIES = 100_000, 500
"""Events, and batches of them, in the log from which on the records are written."""

MAX_TURNOVER = 2
"""Entities brought into memory, as a multiple of those held, from which on they are written too: what left is kept."""

WRITTEN_AT_ONCE = 40
"""Records written with one batch, or more where they would not all be written before the next part of the log is full:
all at once would hold the batch up."""

_SEQUENCE = struct.Struct("<q")


class EntityFigures(NamedTuple):
    """Sizes of a shard now, and what it did since it was opened.

    Parameters
    ----------
    held : int
        Entities in memory.
    log_entries : int
        Batches of events in the log.
    loaded, written, expired : int
        Records read from the state, written to it, and removed from it.
    """

    held: int
    log_entries: int
    loaded: int
    written: int
    expired: int


class EntityShard:
    """Entities of one shard in memory, backed by the shard's state.

    A busy entity changes with every batch, and its record has kilobytes: written each time, it would cost more than
    all else. So a batch's events go to a log, 40 bytes each. When the log is full, the records of all entities that
    changed are written, some with each batch that follows, while a new part of the log begins; then the old part is
    removed. A record names the last event that it has seen, so that a restored shard, which advances the logged
    events again, counts none twice.

    Parameters
    ----------
    key : int
        Key of the shard, which is Flink's current key now and at each call.
    state : EntityState
    capacity : int
        Entities held in memory.
    """

    def __init__(self, key: int, state: EntityState, capacity: int) -> None:
        self.key = key
        self._state = state
        stored = state.next_sequence.value()
        self._loaded = self._written = self._expired = 0
        self._engine = EntityEngine(
            ENTITY_LAYOUT,
            load=self._load,
            capacity=capacity,
            next_sequence=_SEQUENCE.unpack(stored)[0] if stored else 0,
        )
        self._max_turnover = MAX_TURNOVER * capacity
        # A record is written within two parts of the log after it was read.
        remembered, records = 2 * self._max_turnover, [(state.entities, newest_event_time_ms)]
        self._expiry = ExpiryIndex[int](state.expires_on, records, remembered)
        self._unwritten: deque[int] = deque()
        self._to_write = self._turnover = 0
        self._old: list[int] = []
        self._log: list[int] = []
        self._filled = 0.0
        self._next_entry = 0
        for number, entry in state.logged():
            self._engine.restore(_SEQUENCE.unpack_from(entry)[0], np.frombuffer(entry, EVENT, offset=_SEQUENCE.size))
            self._log.append(number)
            self._next_entry = number + 1
        if self._log:
            self._begin_writing()

    def advance(self, number: int, events: NDArray[Any]) -> EntityReply:
        """Advance the entities by the events of a batch and store them; the reply has their features."""
        first, before = self._engine.next_sequence, self._turnover
        found = self._engine.advance(events)
        self._state.event_log.put(self._next_entry, _SEQUENCE.pack(first) + events.tobytes())
        self._log.append(self._next_entry)
        self._next_entry += 1
        self._write_some(len(events), self._turnover - before)
        self._expire(min(int(events["event_time_ms"].max()), now_ms()))
        return EntityReply(
            number=number, entity_shard=self.key, rows=events["row"], x=found.x, sequences=found.sequences
        )

    def describe(self, number: int, events: NDArray[Any]) -> EntityReply:
        """Describe the events of a batch that are not taken in; nothing is stored."""
        x = self._engine.describe(events)
        return EntityReply(
            number=number,
            entity_shard=self.key,
            rows=events["row"],
            x=x,
            sequences=np.full(len(events), NO_SEQUENCE, np.int64),
        )

    @property
    def figures(self) -> EntityFigures:
        """Sizes of the shard, and what it did."""
        entries = len(self._old) + len(self._log)
        return EntityFigures(len(self._engine), entries, self._loaded, self._written, self._expired)

    def _load(self, key: int) -> bytes | None:
        raw = self._state.read(key)
        self._turnover += 1
        if raw is not None:
            self._loaded += 1
            self._expiry.remember([signed(key)])
        return raw

    def _write_some(self, events: int, brought_in: int) -> None:
        self._filled += max(events / MAX_LOGGED, 1 / MAX_ENTRIES, brought_in / self._max_turnover)
        if not self._old:
            if self._filled < 1:
                return
            self._begin_writing()
        due = math.ceil(self._to_write * self._filled) - (self._to_write - len(self._unwritten))
        count = min(max(WRITTEN_AT_ONCE, due), len(self._unwritten))
        keys = [self._unwritten.popleft() for _ in range(count)]
        records = {signed(key): record for key, record in self._engine.records(keys).items()}
        self._expiry.schedule_changed(records, newest_event_time_ms)
        self._state.write(records)
        self._written += len(records)
        if not self._unwritten:
            for number in self._old:
                self._state.event_log.remove(number)
            self._old = []

    def _expire(self, newest_ms: int) -> None:
        """Forget silent entities; none by an event time ahead of the clock, since senders' clocks may be wrong."""
        silent = self._expiry.expire(newest_ms, lambda key: self._engine.awaits_storing(unsigned(key)))
        if silent:
            self._expired += len(silent)
            self._engine.drop(map(unsigned, silent))

    def _begin_writing(self) -> None:
        self._old, self._log, self._filled = self._log, [], 0.0
        self._unwritten.extend(self._engine.changed())
        self._to_write = len(self._unwritten)
        self._state.next_sequence.update(_SEQUENCE.pack(self._engine.next_sequence))
