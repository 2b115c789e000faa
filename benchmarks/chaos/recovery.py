"""Recovery times after faults."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def recovery_times(moments_s: Sequence[float], arrivals_s: Sequence[float]) -> list[float]:
    """Return, for each fault, the seconds until scores came again: to the end of the longest silence after it.

    Parameters
    ----------
    moments_s
        When the faults were made, rising. A fault answers for the time until the next one.
    arrivals_s
        When scores came, rising.
    """
    found = []
    for moment, following in pairwise([*moments_s, float("inf")]):
        here = [at for at in arrivals_s if moment < at < following]
        later = next((at for at in arrivals_s if at >= following), float("inf"))
        looks = [moment, *here] if here and later == float("inf") else [moment, *here, later]
        # Silence after the next fault is that one's; but scores that come only after it came so late.
        longest = max(pairwise(looks), key=lambda pair: min(pair[1], following) - pair[0])
        found.append(longest[1] - moment)
    return found
