"""Release of an operator's memory at the end of its task."""

from __future__ import annotations

import ctypes
import gc
import sys

from pyflink.datastream import KeyedProcessFunction, RuntimeContext

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only in glibc


class ReleasingOperator(KeyedProcessFunction):
    """Keyed operator that releases its memory when its task ends, fails or is cancelled.

    In thread mode the interpreter outlives the task, and Flink calls `close` only at the end of bounded input: a task
    that fails or is cancelled just drops its operator. Reference cycles would keep shards, and with them the task's
    state in the heap, until a collection. And glibc would keep what is freed for the threads that allocated it, while
    those of the next attempt allocate their own.
    """

    _is_outlived = False

    def open(self, _runtime_context: RuntimeContext) -> None:
        """Note that there is memory to release: elsewhere than inside a TaskManager's Java the process ends too."""
        self._is_outlived = "_pemja" in sys.modules

    def __del__(self) -> None:
        """Release what only this operator refers to."""
        if self._is_outlived:
            self.__dict__.clear()
            gc.collect()
            if _trim is not None:
                _trim(0)
