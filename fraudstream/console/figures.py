"""Rates, latency and score distribution over the last minutes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from prometheus_client import CollectorRegistry

from fraudstream.console.feed import Feed

PACE_S = 2.0
KEPT = 300
"""Samples: ten minutes."""

Buckets = dict[float, float]
"""Upper bound to how many were at most that."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Counters at a moment."""

    at_s: float
    """wall clock, seconds since 1970"""
    transactions: float
    alerts: float
    dead_letters: float
    latency: Buckets
    scores: Buckets

    @classmethod
    def of(cls, registry: CollectorRegistry, at_s: float) -> Sample:
        """Read the figures of `StreamMetrics`."""
        totals: dict[str, float] = {}
        buckets: dict[str, Buckets] = {}
        for metric in registry.collect():
            for sample in metric.samples:
                if sample.name.endswith("_bucket"):
                    buckets.setdefault(metric.name, {})[float(sample.labels["le"])] = sample.value
                else:
                    totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
        return cls(
            at_s=at_s,
            transactions=totals["fraud_transactions_total"],
            alerts=totals["fraud_alerts_total"],
            dead_letters=totals["fraud_dlq_total"],
            latency=buckets["fraud_score_latency_seconds"],
            scores=buckets["fraud_score"],
        )


class Figures:
    """The stream's figures over the last minutes, sampled while the block of `sampling` lasts."""

    def __init__(self, registry: CollectorRegistry, feed: Feed) -> None:
        self._registry, self._feed = registry, feed
        self._samples: deque[Sample] = deque(maxlen=KEPT)

    def add_point(self, at_s: float) -> None:
        """Sample now."""
        self._samples.append(Sample.of(self._registry, at_s))
        if len(self._samples) > 1:
            self._feed.publish("figures", point_between(self._samples[-2], self._samples[-1]))

    def to_dict(self) -> dict[str, Any]:
        """Return the points of a chart, and how the scores of these minutes are spread."""
        samples = list(self._samples)
        points = [point_between(earlier, later) for earlier, later in pairwise(samples)]
        spread = _apart(_gained(samples[0].scores, samples[-1].scores)) if samples else []
        return {"points": points, "scores": [{"up_to": bound, "count": count} for bound, count in spread]}

    async def sample(self) -> None:
        """Sample again and again."""
        while True:
            self.add_point(time.time())
            await asyncio.sleep(PACE_S)


def point_between(earlier: Sample, later: Sample) -> dict[str, float | None]:
    """Return the rates a second, and the latency in milliseconds, None of nothing, between two samples."""
    # The clock may have been set back between them.
    seconds = later.at_s - earlier.at_s if later.at_s > earlier.at_s else PACE_S
    latency = _gained(earlier.latency, later.latency)
    return {
        "at_s": later.at_s,
        "transactions_per_s": (later.transactions - earlier.transactions) / seconds,
        "alerts_per_s": (later.alerts - earlier.alerts) / seconds,
        "dead_letters_per_s": (later.dead_letters - earlier.dead_letters) / seconds,
        "p50_ms": _in_ms(quantile(latency, 0.5)),
        "p99_ms": _in_ms(quantile(latency, 0.99)),
    }


def quantile(buckets: Buckets, share: float) -> float | None:
    """Return the value that a share is below, linear within its bucket as Prometheus has it; None of nothing."""
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if not total:
        return None
    lower, below = 0.0, 0.0
    for bound in bounds[:-1]:
        if buckets[bound] >= share * total:
            return lower + (bound - lower) * (share * total - below) / (buckets[bound] - below)
        lower, below = bound, buckets[bound]
    return lower  # beyond the last bound all that is known is that bound


def _gained(earlier: Buckets, later: Buckets) -> Buckets:
    return {bound: count - earlier.get(bound, 0.0) for bound, count in later.items()}


def _apart(buckets: Buckets) -> Sequence[tuple[float, float]]:
    """Return each bound but infinity with the count between it and the one before."""
    bounds = sorted(buckets)[:-1]
    befores = [0.0, *(buckets[bound] for bound in bounds)]
    return [(bound, buckets[bound] - before) for bound, before in zip(bounds, befores, strict=False)]


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
