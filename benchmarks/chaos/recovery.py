"""Recovery times after faults."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def recovery_times(moments_s: Sequence[float], arrivals_s: Sequence[float]) -> list[float]:
    """Return, for each fault, the seconds until new scores: to the end of the longest gap after it.

    Parameters
    ----------
    moments_s
        Times of the faults, ascending. A fault accounts for the time until the next one.
    arrivals_s
        Arrival times of scores, ascending.
    """
    found = []
    for moment, following in pairwise([*moments_s, float("inf")]):
        here = [at for at in arrivals_s if moment < at < following]
        later = next((at for at in arrivals_s if at >= following), float("inf"))
        times = [moment, *here] if here and later == float("inf") else [moment, *here, later]
        # A gap after the next fault is that one's, unless scores arrive only after it.
        longest = max(pairwise(times), key=lambda pair: min(pair[1], following) - pair[0])
        found.append(longest[1] - moment)
    return found
