"""Declared features of one shard's entities, between memory and state."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from jobs.operators.entity_figures import EntityFigures
from jobs.operators.entity_state import signed, unsigned
from jobs.operators.event_log import EventLog
from jobs.operators.expiry_index import ExpiryIndex
from jobs.operators.packed import pack, unpack
from jobs.operators.write_behind import WriteBehind
from models.declared.aggregate_engine import AggregateEngine, AggregateEvents
from models.declared.aggregate_plan import TIME
from models.declared.aggregate_record import AggregateLayout, newest_event_ms
from models.declared.declared_inputs import AggregateReply
from models.features.entities.entity_inputs import NO_SEQUENCE
from schemas.wall_clock import now_ms

if TYPE_CHECKING:
    from jobs.operators.declared_state import DeclaredState
    from models.declared.declared_features import DeclaredFeatures

SEGMENT_EVENTS = 20_000
"""Events that fill a segment of the log."""

MAX_TURNOVER = 2
"""Entities brought into memory, as a multiple of those held, from which on records are written, see `WriteBehind`."""

_SEQUENCE = struct.Struct("<q")


class DeclaredShard:
    """Declared features of one shard's entities in memory, backed by the shard's state.

    As of `EntityShard`, a batch's events go to a log, and the records are written later. Each entity of the declaration
    has an engine and sequence numbers of its own. Records of another layout, and logged events of an entity that is no
    longer the same, are passed over: these entities start empty.

    Parameters
    ----------
    state : DeclaredState
        With the shard's key current, now and at each call.
    declared : DeclaredFeatures
    capacity : int
        Entities held in memory, of all kinds together.
    """

    def __init__(self, state: DeclaredState, declared: DeclaredFeatures, capacity: int) -> None:
        self._state, self._entities = state, declared.entities
        stored = state.declared_next_sequence.value()
        self._unused = next_sequence = _SEQUENCE.unpack(stored)[0] if stored else 0
        self._loaded = self._expired = 0
        self._engines = [
            AggregateEngine(
                entity.own_plan,
                load=partial(self._load, AggregateLayout(entity.plan)),
                capacity=max(1, capacity // len(declared.entities)),
                next_sequence=next_sequence,
            )
            for entity in declared.entities
        ]
        max_turnover = MAX_TURNOVER * capacity
        # A record is written before so many others were read.
        self._expiry = ExpiryIndex[int](
            state.declared_expires_on, [(state.declared, newest_event_ms)], 2 * max_turnover
        )
        self._writing = WriteBehind[int](
            EventLog(state.declared_log, segment_events=SEGMENT_EVENTS),
            self,
            bucket=lambda key: state.declared.bucket(signed(key)),
            store=self._store,
            note_next=lambda: state.declared_next_sequence.update(_SEQUENCE.pack(self._next_sequence)),
            max_turnover=max_turnover,
        )
        for _, entry in self._writing.stored():
            self._restore(entry)
        self._writing.resume()

    def advance(self, batch: Sequence[AggregateEvents]) -> list[AggregateReply]:
        """Advance the entities by the events of a batch, those of each kind, and store them; return their features."""
        first = [engine.next_sequence for engine in self._engines]
        replies = [self._reply(index, events, adds=True) for index, events in enumerate(batch)]
        count = sum(len(events.keys) for events in batch)
        if count:
            self._writing.append(self._entry(first, batch), count)
            newest_ms = max(int(events.words[:, TIME].max()) for events in batch if len(events.keys))
            self._expire(min(newest_ms, now_ms()))
        return replies

    def describe(self, batch: Sequence[AggregateEvents]) -> list[AggregateReply]:
        """Describe the events of a batch that are not added; nothing is stored."""
        return [self._reply(index, events, adds=False) for index, events in enumerate(batch)]

    def changed(self) -> list[int]:
        """Return the keys of the entities whose records `records` would give."""
        return [key for engine in self._engines for key in engine.changed()]

    def records(self, keys: Iterable[int]) -> dict[int, bytes]:
        """Return the records of those among some entities that changed: they are stored now."""
        asked = list(keys)
        return {key: raw for engine in self._engines for key, raw in engine.records(asked).items()}

    def write_all(self) -> None:
        """Write the records of all entities that changed, so that the log is empty."""
        self._writing.write_all()

    @property
    def figures(self) -> EntityFigures:
        """Sizes of the shard, and what it did."""
        held = sum(map(len, self._engines))
        return EntityFigures(held, len(self._writing), self._loaded, self._writing.written, self._expired)

    @property
    def _next_sequence(self) -> int:
        return max(self._unused, *(engine.next_sequence for engine in self._engines))

    def _reply(self, index: int, events: AggregateEvents, *, adds: bool) -> AggregateReply:
        engine, n = self._engines[index], len(events.keys)
        x = np.empty((n, len(self._entities[index].x_columns)), np.float32)
        own = events._replace(rows=np.arange(n))
        if not n:
            return AggregateReply(events.rows, x, np.empty(0, np.int64))
        if not adds:
            engine.describe(own, x)
            return AggregateReply(events.rows, x, np.full(n, NO_SEQUENCE, np.int64))
        first = engine.next_sequence
        engine.advance(own, x)
        return AggregateReply(events.rows, x, np.arange(first, first + n))

    def _entry(self, first: Sequence[int], batch: Sequence[AggregateEvents]) -> bytes:
        """Return events as an entry of the log: id and first sequence number of each kind, then keys and words."""
        head = [(entity.id, number) for entity, number in zip(self._entities, first, strict=True)]
        columns = (column.tobytes() for events in batch for column in (events.keys, events.words))
        return pack((np.array(head, "<i8").tobytes(), *columns))

    def _restore(self, entry: bytes) -> None:
        """Advance the entities by the events of an entry, except for those that are in their records."""
        head, *columns = unpack(entry)
        engines = {entity.id: engine for entity, engine in zip(self._entities, self._engines, strict=True)}
        for index, (entity_id, first) in enumerate(np.frombuffer(head, "<i8").reshape(-1, 2).tolist()):
            engine = engines.get(entity_id)
            if engine is not None:
                keys, words = columns[2 * index : 2 * index + 2]
                engine.restore(first, AggregateEvents.of_bytes(keys, b"", words))
            # Records of an entity that is not declared now may have these numbers, and it may be declared again.
            self._unused = max(self._unused, first + len(columns[2 * index]) // 8)

    def _load(self, layout: AggregateLayout, key: int) -> bytes | None:
        raw = self._state.read_declared(key)
        self._writing.note_loaded()
        if raw is None:
            return None
        self._loaded += 1
        self._expiry.remember([signed(key)])
        return raw if layout.fits(raw) else None

    def _store(self, found: dict[int, bytes]) -> None:
        records = {signed(key): record for key, record in found.items()}
        self._expiry.schedule_changed(records, newest_event_ms)
        self._state.declared.put_all(records)

    def _expire(self, newest_ms: int) -> None:
        """Forget silent entities, as `EntityShard` does."""
        silent = [unsigned(key) for key in self._expiry.expire(newest_ms, self._awaits_storing)]
        self._expired += len(silent)
        for engine in self._engines:
            engine.drop(silent)

    def _awaits_storing(self, signed_key: int) -> bool:
        key = unsigned(signed_key)
        return any(engine.awaits_storing(key) for engine in self._engines)
