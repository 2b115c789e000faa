"""Detection of jumps of the alert rate."""

import math
from collections import deque
from dataclasses import dataclass

MAX_WINDOWS, MIN_WINDOWS = 30, 5
"""Windows that make up the usual rate: kept, and needed before a jump is reported."""

DEVIATIONS = 5.0
"""Standard deviations that are still chance: fewer than one window in a million strays further."""


@dataclass(frozen=True, kw_only=True)
class Jump:
    """A window whose share of alerts is not the usual one.

    Parameters
    ----------
    share, usual : float
        Alerts by transactions.
    """

    share: float
    usual: float
    transactions: int


class AlertRate:
    """Watches which share of the transactions is alerted, window by window.

    A jump is large, so that it matters, and beyond chance, so that a few transactions are none. After one
    the new share is the usual one, so it is reported once.

    Parameters
    ----------
    factor : float
        Multiple of the usual share that is a jump, up or down.
    """

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._windows: deque[tuple[int, int]] = deque(maxlen=MAX_WINDOWS)

    def update(self, transactions: int, alerts: int) -> Jump | None:
        """Add a window and return its jump, if it is one. A window without transactions is ignored."""
        if transactions <= 0:
            return None
        jump = self._jump(transactions, alerts) if len(self._windows) >= MIN_WINDOWS else None
        if jump:
            self._windows.clear()
        self._windows.append((transactions, alerts))
        return jump

    def _jump(self, transactions: int, alerts: int) -> Jump | None:
        all_transactions, all_alerts = (sum(counts) for counts in zip(*self._windows, strict=True))
        usual, share = all_alerts / all_transactions, alerts / transactions
        # The root of a Poisson count (3/8 added: Anscombe) strays by a half, however few there are; the usual share is
        # uncertain too.
        apart = 2 * abs(math.sqrt(alerts + 3 / 8) - math.sqrt(usual * transactions + 3 / 8))
        by_chance = apart <= DEVIATIONS * math.sqrt(1 + transactions / all_transactions)
        if by_chance or usual / self._factor <= share <= usual * self._factor:
            return None
        return Jump(share=share, usual=usual, transactions=transactions)
