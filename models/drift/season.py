"""Time slots of the week."""

import numpy as np
from numpy.typing import NDArray

from schemas.durations import DAY_MS, HOUR_MS

SLOTS = 48
"""Parts of the week with baselines of their own: the hours of a working day, then those of Saturday and Sunday.

The share of frauds differs tenfold between noon and night, and the score swings with it.
"""

_FIRST_WEEKDAY = 3
"""1 January 1970 was a Thursday."""


def slots_of(event_time_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the slot, 0 to SLOTS - 1, of each of n event times, milliseconds since 1970, by UTC."""
    weekday = (event_time_ms // DAY_MS + _FIRST_WEEKDAY) % 7
    hour: NDArray[np.int64] = event_time_ms // HOUR_MS % 24
    return hour + 24 * (weekday >= 5)
