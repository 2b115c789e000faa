from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """What a model must reach to be promoted.

    Parameters
    ----------
    most_precision_lost : float
        Average precision that it may be worse than the champion by.
    confidence : float
        That it is no worse than that, 0 to 1.
    least_frauds : int
        Known frauds without which nothing is said of the metrics.
    compare_days : int
        Newest days of labelled transactions that count.
    most_flips : float
        Share of the transactions that may be decided otherwise.
    most_us : float
        Microseconds that scoring a transaction may take.
    least_certified : int
        Rows that its certificate must have been proved on.
    """

    most_precision_lost: float = 0.02
    confidence: float = 0.95
    least_frauds: int = 20
    compare_days: int = 28
    most_flips: float = 0.02
    most_us: float = 25.0
    least_certified: int = 5_000
