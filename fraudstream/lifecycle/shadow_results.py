"""How challengers compare with the champion, as the running job tells it.

The job writes a record of `schemas/avro/shadow.avsc` for each shard and challenger every five seconds in which there
were transactions, and when the models change: counts, the sum of the absolute differences of the scores and the largest
one, of the transactions scored between `begin` and `end`. They add up over shards and times: `ShadowResult.of` does it.

Comparisons are no state: after a failure those of up to five seconds are missing, and those since the last checkpoint
are counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.record_reader import read_records
from models.scoring.shadow_tally import COUNTS

ShadowRecord = Mapping[str, Any]
"""A record of `shadow.avsc`; `begin` and `end` are datetimes, UTC."""


@dataclass(frozen=True, kw_only=True)
class ShadowResult:
    """How a challenger compares with the champion over all that both scored.

    Attributes
    ----------
    champion_id, challenger_id : str
    transactions : int
        How many both scored; what follows is of these.
    decided : int
        Those that the challenger decided.
    agreed : int
        Those on which their decisions are the same.
    champion_alerts, challenger_alerts, both_alert : int
        Those that the one, the other, both would not approve.
    mean_difference, max_difference : float
        Of their scores, absolute; 0 of none.
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
        """Add up the records of two models; those of others are passed over."""
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
        """Share of the transactions on which their decisions are the same; 1 of none."""
        return self.agreed / self.transactions if self.transactions else 1.0


def read_shadow_records(broker: Broker, *, since_ms: int | None = None) -> list[dict[str, Any]]:
    """Read what the job wrote since a Kafka time, milliseconds since 1970, in the order of `end`."""
    topic = broker.topics.shadow
    found = read_records(broker, topic, dict[str, Any], since_ms=since_ms)
    return sorted((record for _, record in found), key=lambda record: record["end"])
