"""One shard of the entity operator, between memory and state."""

from __future__ import annotations

import math
import struct
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jobs.operators.entity_reply import EntityReply
from jobs.operators.entity_state import signed, unsigned
from jobs.operators.event_log import EventLog
from jobs.operators.expiry_index import ExpiryIndex
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_inputs import NO_SEQUENCE
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entities.entity_record import EVENT, newest_event_time_ms
from schemas.wall_clock import now_ms

if TYPE_CHECKING:
    from jobs.operators.entity_state import EntityState

WRITING_SEGMENTS = 2
"""Segments of the log that fill while the records are written, some with each batch."""

_SEQUENCE = struct.Struct("<q")


class EntityShard:
    """Entities of one shard in memory, backed by the shard's state.

    A busy entity changes with every batch, and its record has kilobytes: written each time, it would cost more than
    all else. So a batch's events go to a log, 40 bytes each. When half of its segments are full, the records of all
    entities that changed are written, some with each batch that follows, bucket by bucket; then these segments are
    cleared. A record names the last event that it has seen, so that a restored shard, which advances the logged events
    again, counts none twice.

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
        self._engine = EntityEngine(
            ENTITY_LAYOUT,
            load=state.read,
            capacity=capacity,
            next_sequence=_SEQUENCE.unpack(stored)[0] if stored else 0,
        )
        self._expiry = ExpiryIndex[int](state.expires_on, [(state.entities, newest_event_time_ms)])
        self._unwritten: deque[int] = deque()
        self._per_segment = 0.0
        self._log = EventLog(state.event_log)
        restored = False
        for entry in self._log.stored():
            self._engine.restore(_SEQUENCE.unpack_from(entry)[0], np.frombuffer(entry, EVENT, offset=_SEQUENCE.size))
            restored = True
        if restored:
            self._begin_writing()
            if self._log.is_full:
                self._write(len(self._unwritten))

    def advance(self, number: int, events: NDArray[Any]) -> EntityReply:
        """Advance the entities by the events of a batch and store them; the reply has their features."""
        first = self._engine.next_sequence
        found = self._engine.advance(events)
        share = self._log.append(_SEQUENCE.pack(first) + events.tobytes(), len(events))
        if self._log.has_old:
            due = math.ceil(share * self._per_segment)
            self._write(len(self._unwritten) if self._log.is_full else due)
        elif self._log.is_half_full:
            self._begin_writing()
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

    def _begin_writing(self) -> None:
        self._log.retire()
        bucket = self._state.entities.bucket
        changed = sorted(self._engine.changed(), key=lambda key: bucket(signed(key)))
        self._unwritten.extend(changed)
        self._per_segment = len(changed) / WRITING_SEGMENTS
        self._state.next_sequence.update(_SEQUENCE.pack(self._engine.next_sequence))

    def _write(self, count: int) -> None:
        """Write the next records; after the last one the old part of the log is cleared."""
        keys = [self._unwritten.popleft() for _ in range(min(count, len(self._unwritten)))]
        records = {signed(key): record for key, record in self._engine.records(keys).items()}
        self._expiry.schedule_changed(records, newest_event_time_ms)
        self._state.entities.put_all(records)
        if not self._unwritten:
            self._log.clear_old()

    def _expire(self, newest_ms: int) -> None:
        """Forget silent entities; none by an event time ahead of the clock, since senders' clocks may be wrong."""
        silent = self._expiry.expire(newest_ms, lambda key: self._engine.awaits_storing(unsigned(key)))
        if silent:
            self._engine.drop(map(unsigned, silent))
