"""Names of time zones, as the IANA database has them."""

import difflib
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def time_zone_problem(name: str) -> str | None:
    """Return the end of a message on a name that is no time zone, with the nearest one; None where it is one."""
    if _is_zone(name):
        return None
    known = {zone.lower(): zone for zone in available_timezones()}
    near = difflib.get_close_matches(name.lower(), [*known], n=1)
    return (
        f"{name!r}: did you mean {known[near[0]]}?" if near else f"{name!r}: use a name such as Europe/Berlin, or UTC"
    )


@cache
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as "Europe"
        return False
    return True
