"""Times in the wrong unit: milliseconds since 1970 are asked, and seconds, micro- and nanoseconds come."""

from typing import Any

EARLIEST_MS = 946_684_800_000
"""2000-01-01 UTC: before it is what was never set, and epoch seconds read as milliseconds."""

LATEST_MS = 4_102_444_800_000
"""2100-01-01 UTC: from it on are microseconds and nanoseconds read as milliseconds."""

_UNITS = {"seconds": 1_000, "microseconds": 1 / 1_000, "nanoseconds": 1 / 1_000_000}


def may_be_seconds(time_ms: Any) -> Any:
    """Return whether a number, or each of an array, is a time from 2000 to 2100 if it counts seconds."""
    return (time_ms >= EARLIEST_MS // 1_000) & (time_ms < LATEST_MS // 1_000)


def mistaken_unit(time_ms: int) -> str | None:
    """Return the unit that a number of milliseconds seems to be in; None for one that may be milliseconds."""
    return next((unit for unit, factor in _UNITS.items() if EARLIEST_MS <= time_ms * factor < LATEST_MS), None)


def unit_hint(time_ms: int) -> str:
    """Return a hint at the unit of a number that should be milliseconds; empty for one that may be some."""
    unit = mistaken_unit(time_ms)
    return f"looks like {unit}: send milliseconds since 1970" if unit else ""
