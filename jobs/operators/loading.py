"""Loads in threads of their own, with a deadline for those that wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from threading import Lock, Thread
from typing import Generic, TypeVar

MAX_WAIT_S = 20.0
"""Time for which a starting job waits for a load before it continues without: a model loads in tens of milliseconds."""

MAX_AT_ONCE = 32
"""Loads at the same time: threads are few, and one that waits for a network that hangs never ends."""

T = TypeVar("T")


class Loading(Generic[T]):
    """A load in a daemon thread, since nothing can end one that waits for a folder on a network that hangs.

    Parameters
    ----------
    load : callable
        The load.
    name : str
        Name of the thread.
    max_wait_s : float
        Longest wait of `in_time`, from the beginning of the load: all that wait for one load share the deadline.
    loads : Loads, optional
        Begins it when it has a thread for it.
    """

    def __init__(
        self, load: Callable[[], T], name: str, max_wait_s: float = MAX_WAIT_S, loads: Loads[T] | None = None
    ) -> None:
        self.future: Future[T] = Future()
        self.max_wait_s = max_wait_s
        self.name = name
        self._load = load
        self._until_s = time.monotonic() + max_wait_s
        if loads is None:
            _in_thread(self.name, self.run)
        else:
            loads.add(self)

    def in_time(self) -> bool:
        """Wait until the load has ended or its deadline has come, and return whether it has ended."""
        wait([self.future], max(0.0, self._until_s - time.monotonic()))
        return self.future.done()

    def run(self) -> None:
        """Load."""
        try:
            self.future.set_result(self._load())
        except Exception as error:
            self.future.set_exception(error)


class Loads(Generic[T]):
    """Bounded number of loads at the same time; of those that wait for a thread only the newest is kept.

    The control topic is read from its first record on, and may hold any number of records. Only the newest counts, so
    the future of one that was replaced is cancelled: a shard that still needs it requests it again.

    Parameters
    ----------
    max_at_once : int
    """

    def __init__(self, max_at_once: int = MAX_AT_ONCE) -> None:
        self._free = max_at_once
        self._waiting: Loading[T] | None = None
        self._lock = Lock()

    def add(self, loading: Loading[T]) -> None:
        """Begin a load, now or when a thread is free."""
        with self._lock:
            if not self._free:
                if self._waiting is not None:
                    self._waiting.future.cancel()
                self._waiting = loading
                return
            self._free -= 1
        _in_thread(loading.name, partial(self._run, loading))

    def _run(self, loading: Loading[T]) -> None:
        following: Loading[T] | None = loading
        while following is not None:
            following.run()
            with self._lock:
                following, self._waiting = self._waiting, None
                self._free += following is None


def _in_thread(name: str, run: Callable[[], None]) -> None:
    Thread(target=run, name=name, daemon=True).start()
