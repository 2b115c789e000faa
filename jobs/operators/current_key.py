"""The key under which Flink's keyed state is read and written."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from pyflink.common import Row
from pyflink.datastream import RuntimeContext

_ROW = struct.Struct(">bi")
"""A row of one int as Flink serializes it: a byte without a bit for null, the number."""


class CurrentKey:
    """Flink's current key, which an operator sets to another shard of its subtask.

    Flink sets it to the key of each element and of each timer. A blob for all shards of a subtask has the key of one;
    the operator switches to the shard whose state it touches. State and timers follow; Flink refuses a key of another
    subtask.

    The two modes of PyFlink have no method for it in common: a thread has the operator's Java backend, a process has
    the client of a remote one.
    """

    def __init__(self, context: RuntimeContext) -> None:
        found: Any = context
        self._new_row: Callable[[int], Any] = Row
        self._backend: Any = found._keyed_state_backend
        self._is_java = hasattr(self._backend, "_keyed_state_backend")
        if self._is_java:
            self._backend = self._backend._keyed_state_backend
            self._new_row = partial(_java_row, self._backend)
        self._rows: dict[int, Any] = {}

    def switch(self, shard: int) -> None:
        """Make a shard of this subtask the current one."""
        if shard not in self._rows:
            self._rows[shard] = self._new_row(shard)
        if self._is_java:
            self._backend.setCurrentKey(self._rows[shard])
        else:
            self._backend.set_current_key(self._rows[shard])


def _java_row(backend: Any, shard: int) -> Any:
    """Return a key of the Java backend: a row of one Integer, which its own serializer reads.

    A Python number would become a Long there, and its hash another.
    """
    raw = _ROW.pack(0, shard)
    view = import_module("pemja").findClass("org.apache.flink.core.memory.DataInputDeserializer")()
    view.setBuffer(raw, 0, len(raw))
    return backend.getKeySerializer().deserialize(view)
