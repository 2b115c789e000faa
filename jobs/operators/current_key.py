"""The key under which Flink's keyed state is read and written."""

from __future__ import annotations

import struct
from importlib import import_module
from typing import Any, Protocol

from pyflink.common import Row
from pyflink.datastream import RuntimeContext

_ROW = struct.Struct(">bi")
"""A row of one int as Flink serializes it: a byte without a bit for null, the number."""


class _Backend(Protocol):
    def set_current_key(self, key: Row) -> None: ...


class CurrentKey:
    """Flink's current key, which an operator sets to another shard of its subtask.

    Flink sets it to the key of each element and of each timer. A blob for all shards of a subtask has the key of one;
    the operator switches to the shard whose state it touches, and Flink to the next element's key. State, timers and
    `get_current_key` of thread mode follow. A key of another subtask is an error of Flink's when state is touched.

    The two modes of PyFlink have no method for it in common: a thread has the operator's Java backend, a process has
    the client of a remote one.
    """

    def __init__(self, context: RuntimeContext) -> None:
        found: Any = context
        if hasattr(found, "get_keyed_state_backend"):
            self._backend: _Backend = _JavaBackend(found.get_keyed_state_backend()._keyed_state_backend)
        else:
            self._backend = found._keyed_state_backend

    def switch(self, shard: int) -> None:
        """Make a shard of this subtask the current one."""
        self._backend.set_current_key(Row(shard))


class _JavaBackend:
    """Keyed state backend of a Java operator.

    Its keys are rows of one Java Integer, and a Python number would be a Long there: so the bytes of such a row are
    read by the backend's own serializer.
    """

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._rows: dict[int, Any] = {}

    def set_current_key(self, key: Row) -> None:
        (shard,) = key
        if shard not in self._rows:
            self._rows[shard] = self._read(_ROW.pack(0, shard))
        self._backend.setCurrentKey(self._rows[shard])

    def _read(self, raw: bytes) -> Any:
        pemja = import_module("pemja")  # only inside a TaskManager's Java
        view = pemja.findClass("org.apache.flink.core.memory.DataInputDeserializer")()
        view.setBuffer(raw, 0, len(raw))
        return self._backend.getKeySerializer().deserialize(view)
