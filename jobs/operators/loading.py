"""Loads in threads of their own, with a deadline for those that wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Generic, TypeVar

MAX_WAIT_S = 20.0
"""How long a job that starts waits for a load before it goes on without: a model takes some tens of milliseconds."""

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
        How long after the load's begin `in_time` waits at most: all that wait for one load share the deadline.
    """

    def __init__(self, load: Callable[[], T], name: str, max_wait_s: float = MAX_WAIT_S) -> None:
        self.future: Future[T] = Future()
        self.max_wait_s = max_wait_s
        self._until_s = time.monotonic() + max_wait_s
        Thread(target=self._into_future, args=(load,), name=name, daemon=True).start()

    def in_time(self) -> bool:
        """Wait until the load has ended or its deadline has come, and return whether it has ended."""
        wait([self.future], max(0.0, self._until_s - time.monotonic()))
        return self.future.done()

    def _into_future(self, load: Callable[[], T]) -> None:
        try:
            self.future.set_result(load())
        except Exception as error:
            self.future.set_exception(error)
