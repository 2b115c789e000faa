"""Limits of the gates."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """Limits for a model to be promoted.

    Parameters
    ----------
    max_ap_drop : float
        Maximum loss of average precision against the champion.
    confidence : float
        Confidence of that limit, 0 to 1.
    min_frauds : int
        Minimum of known frauds to compare metrics on.
    compare_days : int
        Newest days of labelled transactions that count.
    max_decision_changes : float
        Maximum share of the transactions with another decision.
    max_latency_us : float
        Maximum scoring time of a transaction, microseconds.
    min_parity_rows : int
        Minimum of rows that its parity was checked on.
    """

    max_ap_drop: float = 0.02
    confidence: float = 0.95
    min_frauds: int = 20
    compare_days: int = 28
    max_decision_changes: float = 0.02
    max_latency_us: float = 25.0
    min_parity_rows: int = 5_000
