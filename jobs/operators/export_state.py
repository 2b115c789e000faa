"""Operators that write the state of a restored job to files; each has the uid of the one whose state it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from jobs import operator_uids as uids
from jobs.job_config import JobConfig
from jobs.operators.declared_state import open_entity_state
from jobs.operators.detect_drift import DRIFT_ROUTES, DriftState
from jobs.operators.entity_state import unsigned
from jobs.operators.joint_shard import JointShard
from jobs.operators.micro_batch import MicroBatch
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.operators.shard_scorer import ShardScorer
from jobs.operators.shard_state import SHARD_ROUTES, ShardState
from jobs.operators.state_routes import Route, Routes
from jobs.record_types import LABELS, LIST_ENTRIES, TRANSACTIONS
from jobs.shards import SHARD_KEYS, customer_bucket, entity_buckets
from jobs.state_files import CUSTOMERS, DRIFT, ENTITIES, SHARED, StateEntry, state_file, write_entries
from models.declared.declared_features import aggregates_of
from models.drift.signals import SIGNALS
from models.features.engine import FeatureEngine
from models.features.warm_up import warm_up
from schemas.position import OFFSET_MASK, offset_of
from schemas.s3_path import as_path

MARKER_OFFSETS = OFFSET_MASK - 1, OFFSET_MASK
"""Offsets of the records that follow the open micro-batches of a savepoint."""

_TABLES = {TRANSACTIONS: uids.TRANSACTIONS, LABELS: uids.LABELS, LIST_ENTRIES: uids.LISTS}


def marked_tables(config: JobConfig) -> set[str]:
    """Return the source tables whose open micro-batches are state: markers of each follow them."""
    return {table for table in _TABLES.values() if config.labels or table != uids.LABELS}


class ExportShards(ReleasingOperator):
    """Writer of the scoring operator's state; keyed by shard.

    Its input are the open micro-batches of the savepoint, whose records are noted as unprocessed, and markers: Flink's
    timers of a window operator fire in the order of time, so no open micro-batch of a shard follows a marker. With the
    markers of all sources a shard is written, once.

    Parameters
    ----------
    config : JobConfig
    folder : str
        Written to from every TaskManager.
    """

    def __init__(self, config: JobConfig, folder: str) -> None:
        self._config, self._folder = config, folder

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state."""
        super().open(runtime_context)
        self._state = ShardState(runtime_context, self._config.mode)
        self._unprocessed: dict[int, dict[str, set[int]]] = {}
        self._marked: dict[int, set[str]] = {}
        self._written: set[int] = set()
        warm_up()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[str]:
        """Note the records of a MICRO_BATCH; write the shard once it is known that no other follows."""
        yield from ()
        batch, key = MicroBatch(*value), ctx.get_current_key()
        if key in self._written:
            return
        table = _TABLES[batch.kind]
        found = self._unprocessed.setdefault(key, {}).setdefault(table, set())
        found.update(position for position in batch.positions if offset_of(position) not in MARKER_OFFSETS)
        if any(offset_of(position) in MARKER_OFFSETS for position in batch.positions):
            self._marked.setdefault(key, set()).add(table)
        if self._marked.get(key) == marked_tables(self._config):
            self._write(key)
            self._written.add(key)

    def on_timer(self, _timestamp: int, _ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[str]:
        """Do nothing: timers of the former job may be due."""
        yield from ()

    def _write(self, key: int) -> None:
        state = self._state
        load_labels = partial(state.read, state.customer_labels)
        engine: Any = partial(FeatureEngine, load_labels=load_labels, capacity=1_000)  # nothing is scored
        ShardScorer(key, lambda load: engine(load=load), state, 1_000).write_all()
        index = SHARD_KEYS[self._config.shards].index(key)
        entries = entries_of(state, SHARD_ROUTES, index)
        write_entries(state_file(as_path(self._folder), CUSTOMERS, index), entries, self._unprocessed[key])


class ExportEntities(ReleasingOperator):
    """Writer of the entity operator's state; keyed by entity shard."""

    def __init__(self, config: JobConfig, folder: str) -> None:
        self._config, self._folder = config, folder

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state."""
        super().open(runtime_context)
        self._declared = aggregates_of(self._config.declared)
        self._state, self._routes = open_entity_state(runtime_context, self._config.mode, self._declared)
        self._written: set[int] = set()
        warm_up()

    def process_element(self, _value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[str]:
        """Write the current shard, once."""
        yield from ()
        key = ctx.get_current_key()
        if key not in self._written:
            JointShard(self._state, capacity=1_000, declared=self._declared).write_all()
            index = SHARD_KEYS[self._config.entity_shards].index(key)
            file = state_file(as_path(self._folder), ENTITIES, index)
            write_entries(file, entries_of(self._state, self._routes, index), {})
            self._written.add(key)


class ExportDrift(ReleasingOperator):
    """Writer of the drift operator's state; keyed by signal."""

    def __init__(self, _config: JobConfig, folder: str) -> None:
        self._folder = folder

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state."""
        super().open(runtime_context)
        self._state = DriftState(runtime_context)
        self._written: set[str] = set()

    def process_element(self, _value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[str]:
        """Write the current signal, once."""
        yield from ()
        name = ctx.get_current_key()
        if name not in self._written:
            index = [signal.name for signal in SIGNALS].index(name)
            write_entries(
                state_file(as_path(self._folder), DRIFT, index), entries_of(self._state, DRIFT_ROUTES, index), {}
            )
            self._written.add(name)


def entries_of(state: Any, routes: Routes, index: int) -> Iterator[StateEntry]:
    """Yield the entries of a state's current shard that other jobs need.

    Parameters
    ----------
    state : ShardState, EntityState or DriftState
    routes : Routes
    index : int
        Number of the shard; what all shards have is the first one's.
    """
    for name, found in routes.items():
        route, handle = found.route, getattr(state, name)
        if route is Route.NONE or (route is Route.EVERY_SHARD and index):
            continue
        if not hasattr(handle, "items"):
            raw = handle.value()
            if raw is not None:
                yield StateEntry(name, SHARED, "", bytes(raw))
            continue
        for key, raw in handle.items():
            yield StateEntry(name, _bucket(route, key, index), str(key), bytes(raw))


def _bucket(route: Route, key: Any, index: int) -> int:
    if route is Route.CUSTOMER:
        return customer_bucket(key)
    if route is Route.ENTITY:
        return int(entity_buckets(np.array([unsigned(key)], np.uint64))[0])
    return index if route is Route.SIGNAL else SHARED
