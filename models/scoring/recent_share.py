"""Exponentially decaying failure rate."""

WINDOW = 1_000
"""Transactions after which what was before counts half."""


class RecentShare:
    """The share of recent transactions that failed; older ones count less and less.

    Parameters
    ----------
    min_share : float
        Share from which on it is `exceeded`, with `few` failures at least.
    """

    def __init__(self, min_share: float, few: int) -> None:
        self._min_share, self._few = min_share, few
        self._all = self._failed = 0.0

    def add(self, count: int, failed: int) -> None:
        """Count transactions, and those of them that failed."""
        self._all += count
        self._failed += failed
        if self._all > WINDOW:
            self._all, self._failed = self._all / 2, self._failed / 2

    @property
    def exceeded(self) -> bool:
        """Whether so many failed that it is not by a few odd ones."""
        return self._failed >= self._few and self._failed >= self._min_share * self._all
