"""Partial observation of one signal by one shard."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from models.drift.signal_observation import SignalObservation

SMALLEST_ERROR = 1e-6
"""Standard error of a signal that varies neither in training nor now, in parts of the expected mean (1 at least)."""


@dataclass(frozen=True, kw_only=True)
class SignalPart:
    """One signal over some transactions of one shard, with the baseline's values for those times of the week.

    Parameters
    ----------
    mean, expected : float
        In the signal's own unit.
    variance : float
        Of one transaction, in training.
    spread : float
        Mean squared distance from `expected` in these transactions; 0 where the variance in training is enough.
    uncertainty : dict of str to (float, float)
        By part of the week, the standard error that it adds to `expected`, which is uncertain for hours with few rows
        in training: in the signal's own unit, and of a signal whose variance is 1.
    bins : list of int
        Transactions by part of the histogram.
    expected_shares : list of float
        Expected share of them in each part.
    event_time_ms : int
        Event time of the last transaction, milliseconds since 1970.
    model_id : str
        Model that scored them, whose baseline they are compared with.
    deployed_ms : int
        Time of the deployment that the shard follows, milliseconds since 1970; 0 for the model of the job's settings.
    """

    transactions: int
    mean: float
    expected: float
    variance: float
    spread: float
    uncertainty: dict[str, list[float]]
    bins: list[int]
    expected_shares: list[float]
    event_time_ms: int
    model_id: str
    deployed_ms: int = 0

    def merge(self, other: SignalPart) -> SignalPart:
        """Return both parts as one.

        Chance is independent between the two, but the uncertainty of the baseline is common to both at the same time
        of the week: there its standard errors are added, so that many small parts do not seem certain.
        """
        total = self.transactions + other.transactions
        mine, its = self.transactions / total, other.transactions / total

        def mean(a: float, b: float) -> float:
            return mine * a + its * b

        uncertainty = {slot: [mine * error for error in errors] for slot, errors in self.uncertainty.items()}
        for slot, errors in other.uncertainty.items():
            known = uncertainty.get(slot, [0.0, 0.0])
            uncertainty[slot] = [a + its * b for a, b in zip(known, errors, strict=True)]
        shares = zip(self.expected_shares, other.expected_shares, strict=True)
        return SignalPart(
            transactions=total,
            mean=mean(self.mean, other.mean),
            expected=mean(self.expected, other.expected),
            variance=mean(self.variance, other.variance),
            spread=mean(self.spread, other.spread),
            uncertainty=uncertainty,
            bins=[a + b for a, b in zip(self.bins, other.bins, strict=True)],
            expected_shares=[mean(a, b) for a, b in shares],
            event_time_ms=max(self.event_time_ms, other.event_time_ms),
            model_id=self.model_id,
            deployed_ms=max(self.deployed_ms, other.deployed_ms),
        )

    def observation(self) -> SignalObservation:
        """Return the part as a whole observation.

        The standard error is that of the difference of two means, of the transactions and of the baseline. A signal
        that hardly varied in training has the spread of the observation itself: its distance in standard errors is
        then the root of the number of transactions that make it, so one outlier of any size is one standard error, and
        no observation is more than the root of its transactions away.
        """
        variance = max(self.variance, self.spread) / self.transactions
        own, unit = (sum(errors[part] ** 2 for errors in self.uncertainty.values()) for part in (0, 1))
        uncertain = max(own, self.spread * unit)
        smallest = SMALLEST_ERROR * max(1.0, abs(self.expected))
        return SignalObservation(
            mean=self.mean,
            expected=self.expected,
            standard_error=max(math.sqrt(variance + uncertain), smallest),
            bins=self.bins,
            expected_shares=self.expected_shares,
            event_time_ms=self.event_time_ms,
            model_id=self.model_id,
        )

    def to_json(self) -> str:
        """Return it as text, for the way from one operator to the other and for state."""
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text: str) -> SignalPart:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))
