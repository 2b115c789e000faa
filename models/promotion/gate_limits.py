from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """What a model must reach to be promoted.

    Parameters
    ----------
    max_ap_drop : float
        Average precision that it may be worse than the champion by.
    confidence : float
        That it is no worse than that, 0 to 1.
    min_frauds : int
        Known frauds without which nothing is said of the metrics.
    compare_days : int
        Newest days of labelled transactions that count.
    max_decision_changes : float
        Share of the transactions that may be decided otherwise.
    max_latency_us : float
        Microseconds that scoring a transaction may take.
    min_parity_rows : int
        Rows that its certificate must have been proved on.
    """

    max_ap_drop: float = 0.02
    confidence: float = 0.95
    min_frauds: int = 20
    compare_days: int = 28
    max_decision_changes: float = 0.02
    max_latency_us: float = 25.0
    min_parity_rows: int = 5_000
