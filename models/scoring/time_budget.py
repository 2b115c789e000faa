"""Time limit of a challenger, relative to the champion."""

MAX_OVERRUN_S = 2.0
"""Seconds that a challenger may exceed its budget by in total, before it is removed; below it the debt is paid back."""


class TimeBudget:
    """Time that a challenger's scoring may take, as a multiple of what the champion's takes.

    One slow batch is a pause of the machine, many are the model: the time beyond the budget adds up, and is paid back
    by the batches that keep it.

    Parameters
    ----------
    ratio : float
        Times the champion's time.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._overrun_s = 0.0

    def add(self, champion_s: float, challenger_s: float) -> None:
        """Add the times of a batch."""
        self._overrun_s = max(0.0, self._overrun_s + challenger_s - self._ratio * champion_s)

    @property
    def exceeded(self) -> bool:
        """Whether the challenger is too slow to continue."""
        return self._overrun_s > MAX_OVERRUN_S
