"""Local hour and weekday of event times, in one time zone for all."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from schemas.durations import DAY_MS, HOUR_MS

_QUARTER_MS = 900_000
_NIGHT_ENDS_AT_HOUR = 6
_FIRST, _LAST = (int(datetime(year, 1, 2, tzinfo=UTC).timestamp()) // 900 for year in (2, 9998))
"""Earliest and latest quarter of an hour whose offset can be looked up; times beyond have those offsets."""

LOCAL_HOUR, LOCAL_WEEKDAY = "local_hour", "local_weekday"
LOCAL_NIGHT, LOCAL_WEEKEND = "local_is_night", "local_is_weekend"
LOCAL_NUMBERS, LOCAL_FLAGS = (LOCAL_HOUR, LOCAL_WEEKDAY), (LOCAL_NIGHT, LOCAL_WEEKEND)


def local_times(event_time_ms: NDArray[np.int64], time_zone: str) -> dict[str, NDArray[np.float32]]:
    """Return the local columns of n event times.

    Parameters
    ----------
    event_time_ms : ndarray of int64, (n,)
        Milliseconds since 1970.
    time_zone : str
        IANA name.

    Returns
    -------
    dict of str to ndarray of float32, (n,)
        `local_hour`: 0 to 23. `local_weekday`: 1 (Monday) to 7. `local_is_night`: 1 from 00:00 to 05:59.
        `local_is_weekend`: 1 on Saturday and Sunday.
    """
    # Zones change their offset at whole quarters of an hour by UTC, so one look-up serves each quarter.
    quarters, index = np.unique(event_time_ms // _QUARTER_MS, return_inverse=True)
    offsets = np.array(
        [_offset_ms(time_zone, quarter) for quarter in np.clip(quarters, _FIRST, _LAST).tolist()], np.int64
    )
    local_ms = event_time_ms + offsets[index]
    hour = local_ms // HOUR_MS % 24
    weekday = (local_ms // DAY_MS + 3) % 7 + 1  # 1970-01-01 was a Thursday
    columns = {
        LOCAL_HOUR: hour,
        LOCAL_WEEKDAY: weekday,
        LOCAL_NIGHT: hour < _NIGHT_ENDS_AT_HOUR,
        LOCAL_WEEKEND: weekday > 5,
    }
    return {name: column.astype(np.float32) for name, column in columns.items()}


@lru_cache(maxsize=50_000)  # more than a year of quarters
def _offset_ms(time_zone: str, quarter: int) -> int:
    offset = datetime.fromtimestamp(quarter * 900, ZoneInfo(time_zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1000)
