"""Comparisons of challengers with the champion, from the shadow topic.

The job writes a record of `schemas/avro/shadow.avsc` per shard and challenger every five seconds with transactions, and
when the models change: counts, and the sum and maximum of the absolute score differences, of the transactions scored
between `begin` and `end`. `ShadowResult.of` aggregates them over shards and time.

Comparisons are not part of the state: after a failure up to five seconds are missing, and those since the last
checkpoint are counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.record_reader import read_records
from models.scoring.shadow_tally import COUNTS

ShadowRecord = Mapping[str, Any]
"""Record of `shadow.avsc`; `begin` and `end` are datetimes, UTC."""


@dataclass(frozen=True, kw_only=True)
class ShadowResult:
    """Comparison of a challenger with the champion over transactions scored by both.

    Attributes
    ----------
    transactions : int
        Transactions scored by both; all other counts are subsets.
    decided : int
        Transactions decided by the challenger.
    agreed : int
        Transactions with the same decision.
    champion_alerts, challenger_alerts, both_alert : int
        Transactions alerted by the champion, by the challenger, by both.
    mean_difference, max_difference : float
        Absolute differences of the scores; 0 without transactions.
    """

    champion_id: str
    challenger_id: str
    transactions: int
    decided: int
    agreed: int
    champion_alerts: int
    challenger_alerts: int
    both_alert: int
    mean_difference: float
    max_difference: float

    @classmethod
    def of(cls, records: Iterable[ShadowRecord], champion_id: str, challenger_id: str) -> ShadowResult:
        """Aggregate the records of two models; others are ignored."""
        pair = (champion_id, challenger_id)
        own = [record for record in records if (record["champion_id"], record["challenger_id"]) == pair]
        counts = {name: sum(record[name] for record in own) for name in COUNTS}
        difference = sum(record["difference_sum"] for record in own)
        return cls(
            champion_id=champion_id,
            challenger_id=challenger_id,
            **counts,
            mean_difference=difference / counts["transactions"] if own else 0.0,
            max_difference=max((record["difference_max"] for record in own), default=0.0),
        )

    @property
    def agreement(self) -> float:
        """Fraction of transactions with the same decision; 1 without transactions."""
        return self.agreed / self.transactions if self.transactions else 1.0


def read_shadow_records(broker: Broker, *, since_ms: int | None = None) -> list[dict[str, Any]]:
    """Read the records since a Kafka time, milliseconds since 1970, sorted by `end`."""
    topic = broker.topics.shadow
    found = read_records(broker, topic, dict[str, Any], since_ms=since_ms)
    return sorted((record for _, record in found), key=lambda record: record["end"])
