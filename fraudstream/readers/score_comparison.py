"""Comparison of the scores of a live job and its standby."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.record_reader import read_records
from fraudstream.system.deadline import wait_until
from schemas.avro_schemas import SCORE

TransactionKey = tuple[str, str]
"""Customer and transaction id: two customers may use one transaction id."""

Scores = Mapping[TransactionKey, Mapping[str, Any]]
"""Records of `score.avsc` by transaction."""

APPROVED = "APPROVE"


_LABELS = ("label_offsets", "entity_label_offsets")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Comparison of a live job's and its standby's scores of the same transactions.

    Attributes
    ----------
    compared : int
        Transactions that both scored; the figures below that are not of one alone are of them.
    missing : int
        Transactions that the live job scored and the standby did not.
    equal_scores : int
        Bit for bit.
    other_labels : int
        Pairs that knew different labels: labels race with transactions, so their scores may differ for that alone.
    mean_difference, max_difference : float
        Of the scores, absolute.
    live_alerts, standby_alerts, both_alert : int
        Transactions that are not approved.
    """

    compared: int
    missing: int
    equal_scores: int
    other_labels: int
    mean_difference: float
    max_difference: float
    decisions_differ: int
    live_alerts: int
    standby_alerts: int
    both_alert: int

    @classmethod
    def of(cls, live: Scores, standby: Scores) -> Comparison:
        """Compare what each made of the transactions that the live job scored."""
        pairs = [(record, standby[name]) for name, record in live.items() if name in standby]
        differences = np.abs(np.array([one["score"] - other["score"] for one, other in pairs]))
        live_alerts = [one["decision"] != APPROVED for one, _ in pairs]
        standby_alerts = [other["decision"] != APPROVED for _, other in pairs]
        return cls(
            compared=len(pairs),
            missing=len(live) - len(pairs),
            equal_scores=int(np.count_nonzero(differences == 0)),
            other_labels=sum(any(one[name] != other[name] for name in _LABELS) for one, other in pairs),
            mean_difference=float(differences.mean()) if pairs else 0.0,
            max_difference=float(differences.max()) if pairs else 0.0,
            decisions_differ=sum(one["decision"] != other["decision"] for one, other in pairs),
            live_alerts=sum(live_alerts),
            standby_alerts=sum(standby_alerts),
            both_alert=sum(one and other for one, other in zip(live_alerts, standby_alerts, strict=True)),
        )

    @property
    def disagreement(self) -> float:
        """Share of the live job's transactions that the standby decided otherwise, or did not score; 1 of none."""
        all_of_them = self.compared + self.missing
        return (self.decisions_differ + self.missing) / all_of_them if all_of_them else 1.0


def compare_scores(broker: Broker, topics: tuple[str, str], *, since_ms: int, patience_s: float) -> Comparison:
    """Compare what two topics of scores hold since a Kafka time.

    Parameters
    ----------
    topics
        The live job's and the standby's.
    since_ms
        Of the live job's first, milliseconds since 1970.
    patience_s
        Time for the standby to score what the live job has scored by now, in seconds.
    """
    live = read_scores(broker, topics[0], since_ms)
    standby: dict[TransactionKey, Mapping[str, Any]] = {}

    def caught_up() -> bool:
        # The standby was started after that time, so none of its scores is before it; an earlier standby's may be.
        standby.update(read_scores(broker, topics[1], since_ms))
        return live.keys() <= standby.keys()

    wait_until(caught_up, seconds=patience_s, interval_s=1.0)
    return Comparison.of(live, standby)


def read_scores(broker: Broker, topic: str, since_ms: int) -> dict[TransactionKey, Mapping[str, Any]]:
    """Read the scores that a topic holds since a Kafka time, by transaction; a repeat replaces the first."""
    records: Iterable[tuple[Any, dict[str, Any]]] = read_records(broker, topic, since_ms=since_ms, kind=SCORE)
    return {(record["customer_id"], record["transaction_id"]): record for _, record in records}
