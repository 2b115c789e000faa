"""Wall clock, read by this module alone."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """Return the wall clock, milliseconds since 1970. Other code is passed a clock."""
    return time.time_ns() // 1_000_000


def utc(milliseconds: int) -> datetime:
    """Return milliseconds since 1970 as the time that Avro's timestamp-millis is made of, exactly."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def utc_text(milliseconds: int) -> str:
    """Return milliseconds since 1970 as a text in ISO 8601."""
    return utc(milliseconds).isoformat(timespec="milliseconds")
