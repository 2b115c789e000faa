"""Operators that fill a new job's state from files; each has the uid of the one whose state it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.bucketed_map import BucketedMap
from jobs.operators.counts import GROUP
from jobs.operators.declared_state import open_entity_state
from jobs.operators.detect_drift import DRIFT_ROUTES, DriftState
from jobs.operators.expiry_index import ExpiryIndex
from jobs.operators.map_state import put_all
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.operators.shard_state import SHARD_ROUTES, ShardState
from jobs.operators.state_routes import Route, Routes
from jobs.shards import BUCKETS, SHARD_KEYS
from jobs.state_files import CUSTOMERS, DRIFT, ENTITIES, IMPORTED, SHARED, StateEntry, read_entries, state_file
from models.declared.declared_features import aggregates_of
from models.drift.signals import SIGNALS
from schemas.s3_path import as_path

_AT_ONCE = 1_000


class ImportState(ReleasingOperator):
    """Reader of one part of an exported state; keyed as the operator that needs it.

    The first element of a shard's key fills its state, the others do nothing.

    Parameters
    ----------
    config : JobConfig
        The new job's.
    folder : str
        Of the files, readable on every TaskManager.
    exported_shards : int
        Files of the part.
    """

    def __init__(self, config: JobConfig, folder: str, exported_shards: int) -> None:
        self._config, self._folder, self._exported_shards = config, folder, exported_shards

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state."""
        super().open(runtime_context)
        self._part, self._keys, self._state, self._routes = self._opened(runtime_context)
        self._counter = runtime_context.get_metrics_group().add_group(GROUP).counter(f"{IMPORTED}{self._part}")
        self._filled: set[Any] = set()

    def process_element(self, _value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[str]:
        """Fill the current shard's state, once."""
        yield from ()
        key = ctx.get_current_key()
        if key in self._filled:
            return
        files = [state_file(as_path(self._folder), self._part, index) for index in range(self._exported_shards)]
        filling = ShardFilling(self._state, self._routes, self._config.mode)
        filling.fill(entries_of_shard(files, self._keys.index(key), len(self._keys)))
        self._filled.add(key)
        self._counter.inc(1)

    def _opened(self, context: RuntimeContext) -> tuple[str, list[Any], Any, Routes]:
        """Return the part, its keys in order, the state and its routes."""
        raise NotImplementedError


class ImportShards(ImportState):
    """Reader of the shards of customers."""

    def _opened(self, context: RuntimeContext) -> tuple[str, list[Any], Any, Routes]:
        keys = list(SHARD_KEYS[self._config.shards])
        return CUSTOMERS, keys, ShardState(context, self._config.mode), SHARD_ROUTES


class ImportEntities(ImportState):
    """Reader of the shards of entities."""

    def _opened(self, context: RuntimeContext) -> tuple[str, list[Any], Any, Routes]:
        keys, declared = list(SHARD_KEYS[self._config.entity_shards]), aggregates_of(self._config.declared)
        return ENTITIES, keys, *open_entity_state(context, self._config.mode, declared)


class ImportDrift(ImportState):
    """Reader of the drift signals."""

    def _opened(self, context: RuntimeContext) -> tuple[str, list[Any], Any, Routes]:
        return DRIFT, [signal.name for signal in SIGNALS], DriftState(context), DRIFT_ROUTES


def entries_of_shard(files: list[Path], index: int, shards: int) -> Iterator[StateEntry]:
    """Yield the entries for one of a part's shards, from the files of shards of another number.

    Numbers of shards divide one another, so a file has only buckets of some shards.
    """
    mine = [bucket for bucket in range(BUCKETS) if bucket % shards == index]
    common = min(len(files), shards)
    for number, file in enumerate(files):
        buckets = mine if number % common == index % common else []
        yield from read_entries(file, [SHARED, *buckets])


class ShardFilling:
    """Writes entries into the state of the current shard.

    Parameters
    ----------
    state : ShardState, EntityState or DriftState
    routes : Routes
    mode : Mode
    """

    def __init__(self, state: Any, routes: Routes, mode: Any) -> None:
        self._state, self._routes, self._mode = state, routes, mode
        self._largest: dict[str, np.ndarray[Any, Any]] = {}
        names = dict.fromkeys(found.expires_on for found in routes.values() if found.expires_on)
        self._expiry = {name: self._index(name) for name in names}

    def fill(self, entries: Iterable[StateEntry]) -> None:
        """Write all entries, except of handles that a job without declared features does not have."""
        for name, found in groupby(entries, attrgetter("handle")):
            if name not in self._routes:
                continue
            route, handle = self._routes[name].route, getattr(self._state, name)
            if route is Route.MAXIMUM:
                for entry in found:
                    self._add(name, np.frombuffer(entry.value, "<i8"))
            elif hasattr(handle, "items"):
                self._put(name, handle, found)
            else:
                for entry in found:
                    handle.update(entry.value)
        for name, numbers in self._largest.items():
            getattr(self._state, name).update(numbers.tobytes())

    def _put(self, name: str, handle: Any, entries: Iterator[StateEntry]) -> None:
        route = self._routes[name]
        key_of: Callable[[str], Any] = int if route.route is Route.ENTITY else str
        while some := {key_of(entry.key): entry.value for entry in islice(entries, _AT_ONCE)}:
            if route.newest_ms is not None:
                self._expiry[route.expires_on].schedule_changed(some, route.newest_ms)
            if isinstance(handle, BucketedMap):
                handle.put_all(some)
            else:
                put_all(handle, some, self._mode)

    def _add(self, name: str, numbers: np.ndarray[Any, Any]) -> None:
        before = self._largest.get(name, numbers[:0])
        size = max(len(before), len(numbers))
        one, other = (np.pad(part, (0, size - len(part))) for part in (before, numbers))
        self._largest[name] = np.maximum(one, other).astype("<i8")

    def _index(self, name: str) -> ExpiryIndex[Any]:
        records = [
            (getattr(self._state, handle), route.newest_ms)
            for handle, route in self._routes.items()
            if route.expires_on == name and route.newest_ms is not None
        ]
        return ExpiryIndex(getattr(self._state, name), records)
