"""Waiting for a condition with a timeout."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, seconds: float, interval_s: float = 0.1) -> bool:
    """Poll `condition` until it holds.

    Parameters
    ----------
    condition
        Cheap check; an exception ends the wait.
    seconds
        Timeout.
    interval_s
        Polling interval in seconds.

    Returns
    -------
    bool
        Whether it held before the timeout.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(interval_s)
    return True
