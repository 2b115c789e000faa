"""Event-time windows."""

from dataclasses import dataclass

from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS

TILES = 12
"""Tiles that a window is cut into; one more is kept, as a window seldom begins where a tile does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of event time that ends just before the transaction being scored.

    For a transaction at time t it holds the customer's transactions with ``t - length_ms <= event_time <
    t``: the current one is not included, and transactions of the same millisecond do not see each other.

    Parameters
    ----------
    name : str
        Suffix of the feature names, such as ``24h``.
    length_ms : int
        Length in milliseconds, a multiple of TILES.
    """

    name: str
    length_ms: int

    @property
    def tile_ms(self) -> int:
        """Length of the tiles that hold what is no longer kept one by one."""
        return self.length_ms // TILES


TEN_MINUTES = Window(name="10m", length_ms=10 * MINUTE_MS)
HOUR = Window(name="1h", length_ms=HOUR_MS)
DAY = Window(name="24h", length_ms=DAY_MS)
WEEK = Window(name="7d", length_ms=7 * DAY_MS)
MONTH = Window(name="30d", length_ms=30 * DAY_MS)

WINDOWS = (TEN_MINUTES, HOUR, DAY, WEEK, MONTH)
"""Every window of a customer's transactions that the kernel keeps, shortest first."""

LABEL_WINDOWS = tuple(Window(name=f"{days}d", length_ms=days * DAY_MS) for days in (1, 2, 7, 28, 30))
"""Every window of known labels, by label time: at t it holds the labels with ``t - length_ms < label_time <= t``."""

HORIZON_MS = 90 * DAY_MS
"""How far back anything is seen: what is older than this at a transaction counts for nothing in it."""
