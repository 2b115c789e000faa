"""Value that is read again when it expires."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


class TtlCache:
    """Keeps what was found for a moment: however many pages are open, the look is one. From any thread.

    Parameters
    ----------
    look
        Finds it.
    kept_s
        For how long it is kept, in seconds.
    """

    def __init__(self, look: Callable[[], dict[str, Any]], kept_s: float) -> None:
        self._poll, self._kept_s = look, kept_s
        self._lock = threading.Lock()
        self._found: dict[str, Any] = {}
        self._until_s = 0.0

    def get(self) -> dict[str, Any]:
        """Return what was found a moment ago, or look again."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._found = self._poll()
                self._until_s = time.monotonic() + self._kept_s
            return self._found
