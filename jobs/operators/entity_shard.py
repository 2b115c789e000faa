"""One shard of the entity operator, between memory and state."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jobs.operators.entity_figures import EntityFigures
from jobs.operators.entity_labels_shard import EntityLabelsShard
from jobs.operators.entity_state import signed, unsigned
from jobs.operators.event_log import EventLog
from jobs.operators.expiry_index import ExpiryIndex
from jobs.operators.write_behind import WriteBehind
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_inputs import NO_SEQUENCE, EventFeatures
from models.features.entities.entity_labels import without_labels
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entities.entity_record import EVENT, newest_event_time_ms
from models.features.label_record import newest_label_time_ms
from schemas.wall_clock import now_ms

if TYPE_CHECKING:
    from jobs.operators.entity_batch import EntityBatch
    from jobs.operators.entity_state import EntityState

SEGMENT_EVENTS = 50_000
"""Events that fill a segment of the log."""

MAX_TURNOVER = 2
"""Entities brought into memory, as a multiple of those held, from which on records are written, see `WriteBehind`."""

_SEQUENCE = struct.Struct("<q")


class EntityShard:
    """Entities of one shard in memory, backed by the shard's state.

    A batch's events go to a log, 40 bytes each, and the records are written later, see `WriteBehind`. A record names
    the last event that it has seen, so that a restored shard, which advances the logged events again, counts none
    twice.

    Parameters
    ----------
    state : EntityState
        With the shard's key current, now and at each call.
    capacity : int
        Entities held in memory.
    with_labels : bool
        Whether the job reads labels.
    """

    def __init__(self, state: EntityState, capacity: int, *, with_labels: bool = True) -> None:
        self._state = state
        stored = state.next_sequence.value()
        self._loaded = self._expired = 0
        self._engine = EntityEngine(
            ENTITY_LAYOUT,
            load=self._load,
            capacity=capacity,
            next_sequence=_SEQUENCE.unpack(stored)[0] if stored else 0,
        )
        max_turnover = MAX_TURNOVER * capacity
        # A record is written before so many others were read.
        remembered = 2 * max_turnover
        records = [(state.entities, newest_event_time_ms), (state.labels, newest_label_time_ms)]
        self._expiry = ExpiryIndex[int](state.expires_on, records, remembered)
        self._labels = EntityLabelsShard(state, self._expiry, capacity) if with_labels else None
        self._writing = WriteBehind[int](
            EventLog(state.event_log, segment_events=SEGMENT_EVENTS),
            self._engine,
            bucket=lambda key: state.entities.bucket(signed(key)),
            store=self._store,
            note_next=lambda: state.next_sequence.update(_SEQUENCE.pack(self._engine.next_sequence)),
            max_turnover=max_turnover,
        )
        for _, entry in self._writing.stored():
            self._engine.restore(_SEQUENCE.unpack_from(entry)[0], np.frombuffer(entry, EVENT, offset=_SEQUENCE.size))
        self._writing.resume()

    def learn(self, labels: NDArray[Any], positions: NDArray[np.int64]) -> None:
        """Learn labels of ENTITY_LABEL, see `EntityLabelsShard.learn`."""
        if self._labels is not None:
            self._labels.learn(labels, positions)

    def advance(self, batch: EntityBatch) -> EventFeatures:
        """Advance the entities by the events of a batch and store them; return their features."""
        first, events = self._engine.next_sequence, batch.events
        found = self._engine.advance(events)
        if len(events):
            self._writing.append(_SEQUENCE.pack(first) + events.tobytes(), len(events))
            self._expire(min(int(events["event_time_ms"].max()), now_ms()))
        return self._features(batch, found.x, found.sequences)

    def describe(self, batch: EntityBatch) -> EventFeatures:
        """Describe the events of a batch that are not added; nothing is stored."""
        x = self._engine.describe(batch.events)
        return self._features(batch, x, np.full(len(x), NO_SEQUENCE, np.int64))

    def _features(self, batch: EntityBatch, x: NDArray[np.float32], sequences: NDArray[np.int64]) -> EventFeatures:
        rows, labels = batch.events["row"], self._labels
        if labels is None:
            return EventFeatures(rows, x, sequences, without_labels(rows))
        return EventFeatures(rows, x, sequences, labels.describe(batch.events, batch.units), labels.label_offsets)

    def write_all(self) -> None:
        """Write the records of all entities that changed, so that the logs are empty."""
        self._writing.write_all()
        if self._labels is not None:
            self._labels.write()

    @property
    def figures(self) -> EntityFigures:
        """Sizes of the shard, and what it did."""
        return EntityFigures(len(self._engine), len(self._writing), self._loaded, self._writing.written, self._expired)

    def _load(self, key: int) -> bytes | None:
        raw = self._state.read(key)
        self._writing.note_loaded()
        if raw is not None:
            self._loaded += 1
            self._expiry.remember([signed(key)])
        return raw

    def _store(self, found: dict[int, bytes]) -> None:
        records = {signed(key): record for key, record in found.items()}
        self._expiry.schedule_changed(records, newest_event_time_ms)
        self._state.entities.put_all(records)

    def _expire(self, newest_ms: int) -> None:
        """Forget silent entities; none by an event time ahead of the clock, since senders' clocks may be wrong."""
        silent = [unsigned(key) for key in self._expiry.expire(newest_ms, self._awaits_storing)]
        if silent:
            self._expired += len(silent)
            self._engine.drop(silent)
            if self._labels is not None:
                self._labels.drop(silent)

    def _awaits_storing(self, signed_key: int) -> bool:
        key = unsigned(signed_key)
        return self._engine.awaits_storing(key) or (self._labels is not None and self._labels.awaits_storing(key))
