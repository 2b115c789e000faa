"""Send times of records."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.errors import UserError


class Schedule(Protocol):
    """Send times of the records, in seconds from the start; independent of how many were sent."""

    def due(self, elapsed_s: float) -> int:
        """Return how many records are to be sent by `elapsed_s`."""
        ...

    def moment_s(self, number: int) -> float:
        """Return when record `number` (from 0 on) is to be sent."""
        ...


class ConstantRate:
    """`rate` records a second, evenly.

    Raises
    ------
    UserError
        The rate is not above 0.
    """

    def __init__(self, rate: float) -> None:
        if not rate > 0:
            raise UserError(f"expected a rate above 0 events/s, got {rate}: give another, or none for no limit")
        self._rate = rate

    def due(self, elapsed_s: float) -> int:
        """Return how many records are to be sent by `elapsed_s`."""
        return int(elapsed_s * self._rate) + 1

    def moment_s(self, number: int) -> float:
        """Return when record `number` (from 0 on) is to be sent."""
        return number / self._rate


class EventClock:
    """As the events came, `speed` times as fast.

    Parameters
    ----------
    times_ms : (n,) int64
        Event times, rising; the first is sent at once.
    speed : float
        60 replays an hour in a minute.

    Raises
    ------
    UserError
        The speed is not above 0.
    """

    def __init__(self, times_ms: NDArray[np.int64], speed: float) -> None:
        if not speed > 0:
            raise UserError(f"expected a speed above 0, got {speed}: 1 is as it happened, 60 an hour a minute")
        self._moments_s = (times_ms - times_ms[:1]) / 1_000 / speed

    def due(self, elapsed_s: float) -> int:
        """Return how many records are to be sent by `elapsed_s`."""
        return int(np.searchsorted(self._moments_s, elapsed_s, side="right"))

    def moment_s(self, number: int) -> float:
        """Return when record `number` (from 0 on) is to be sent."""
        return float(self._moments_s[number])
