from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, seconds: float, interval_s: float = 0.1) -> bool:
    """Ask `condition` again and again until it holds.

    Parameters
    ----------
    condition
        Cheap question; it may raise, which ends the wait.
    seconds
        How long to ask.
    interval_s
        Pause between two questions, in seconds.

    Returns
    -------
    bool
        True once it held, False when the time ran out.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(interval_s)
    return True
