"""Value that is read again when it expires."""

import threading
import time
from collections.abc import Callable
from typing import Any


class TtlCache:
    """Cache of a value for a moment, shared by all open pages. From any thread.

    Parameters
    ----------
    read
        Finds it.
    kept_s
        For how long it is kept, in seconds.
    """

    def __init__(self, read: Callable[[], dict[str, Any]], kept_s: float) -> None:
        self._read, self._kept_s = read, kept_s
        self._lock = threading.Lock()
        self._found: dict[str, Any] = {}
        self._until_s = 0.0

    def get(self) -> dict[str, Any]:
        """Return the cached value, or read it again."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._found = self._read()
                self._until_s = time.monotonic() + self._kept_s
            return self._found
