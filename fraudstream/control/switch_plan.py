"""Record of a blue-green deployment, with what the cluster does not store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Record of a blue-green deployment in the state folder.

    Parameters
    ----------
    next_file
        Settings of the version that `switch` makes live, None when there is no standby.
    standby_since_ms
        Time from which on the standby scores what the live job does, milliseconds since 1970.
    previous_file
        Settings of the version that `back` makes live again, None before the first switch.
    leaving_job, leaving_file, coming_file
        Of a hand-over that has begun: id and settings of the job that stops, settings of the job that follows. All
        None once one of the two is live.
    savepoint
        Savepoint of the job that stops, None while it is not known.
    """

    next_file: str | None = None
    standby_since_ms: int = 0
    previous_file: str | None = None
    leaving_job: str | None = None
    leaving_file: str | None = None
    coming_file: str | None = None
    savepoint: str | None = None

    def settled(self, **changes: Any) -> Plan:
        """Return the plan without a hand-over."""
        ended = {"leaving_job": None, "leaving_file": None, "coming_file": None, "savepoint": None}
        return replace(self, **(ended | changes))
