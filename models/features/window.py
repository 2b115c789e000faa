from dataclasses import dataclass


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
        Length in milliseconds.
    """

    name: str
    length_ms: int


HOUR = Window(name="1h", length_ms=3_600_000)
DAY = Window(name="24h", length_ms=86_400_000)
WEEK = Window(name="7d", length_ms=7 * 86_400_000)

WINDOWS = (HOUR, DAY, WEEK)
"""Every window that the kernel keeps, shortest first."""
