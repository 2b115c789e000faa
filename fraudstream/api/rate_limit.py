"""Rate limits of clients."""

import time
from collections import Counter
from collections.abc import Callable

from limits import RateLimitItem


class RateLimiter:
    """Counts of requests by client, in windows of a fixed length.

    Windows are cut by a clock that only grows: a wall clock that is set back by an hour would make a window an
    hour long. Counts of the former window are forgotten together, so memory is that of one window's clients.

    Parameters
    ----------
    limit
        Requests of a client in a window, and the window's length.
    clock
        Seconds that only grow.
    """

    def __init__(self, limit: RateLimitItem, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._window = -1
        self._counts: Counter[str] = Counter()

    def hit(self, client: str) -> bool:
        """Count a request; return whether it is within the limit."""
        window = int(self._clock() // self._limit.get_expiry())
        if window != self._window:
            self._window = window
            self._counts.clear()
        self._counts[client] += 1
        return self._counts[client] <= self._limit.amount
