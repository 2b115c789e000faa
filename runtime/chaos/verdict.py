"""What came of the stream against what had to come: pure, so that tests can show that it finds each kind of damage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.job_config import Guarantee

MOMENT = "scored_at"
"""The field in which two records of one alert may differ."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an oracle says of a stream.

    Parameters
    ----------
    published
        Ids of the transactions, in the order in which they were sent, and the customer of each.
    scores
        Each transaction's score, the exact float32.
    alerts
        The alert_id of each transaction that must be alerted, by transaction_id.
    """

    published: Mapping[str, str]
    scores: Mapping[str, float]
    alerts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a read_committed reader found in the topics afterwards, each in the order of its partitions.

    Parameters
    ----------
    transactions
        Ids.
    scores
        Records with `transaction_id` and `score`.
    alerts
        Whole records.
    dead_letters
        How many.
    """

    transactions: Sequence[str]
    scores: Sequence[Mapping[str, Any]]
    alerts: Sequence[Mapping[str, Any]]
    dead_letters: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Counts of what differs; see `faults` for what of it the guarantee forbids.

    Parameters
    ----------
    published
        Transactions sent.
    input_lost, input_duplicated, input_disordered
        What the publisher's topic lacks, holds again, or holds before an earlier one of the same customer.
    lost
        Transactions without a score.
    duplicated
        Records of scores beyond the first of each transaction.
    score_differences
        Records of scores that are not the oracle's, bit for bit, or of no transaction that was sent.
    alerts
        Transactions to be alerted.
    alerts_lost, alerts_duplicated
        As for scores.
    alert_differences
        Records of alerts with another score or alert_id than the oracle's, of no such transaction, or not equal to
        the first of their alert_id.
    dead_letters
        Transactions refused; none should be.
    """

    published: int
    input_lost: int
    input_duplicated: int
    input_disordered: int
    lost: int
    duplicated: int
    score_differences: int
    alerts: int
    alerts_lost: int
    alerts_duplicated: int
    alert_differences: int
    dead_letters: int

    def broken(self, guarantee: Guarantee) -> list[str]:
        """Name the counts that are not zero and must be."""
        repeats = ("duplicated", "alerts_duplicated")
        free = {"published", "alerts", *(repeats if guarantee == "at-least-once" else ())}
        return [name for name, count in vars(self).items() if name not in free and count]


def compare(expected: Expected, found: Found) -> Verdict:
    """Compare what was found with what was expected."""
    inputs = Counter(found.transactions)
    scores = Counter(record["transaction_id"] for record in found.scores)
    alerts = Counter(record["transaction_id"] for record in found.alerts)
    return Verdict(
        published=len(expected.published),
        input_lost=sum(name not in inputs for name in expected.published),
        input_duplicated=_repeats(inputs),
        input_disordered=_disordered(expected.published, found.transactions),
        lost=sum(name not in scores for name in expected.published),
        duplicated=_repeats(scores),
        score_differences=sum(not _right_score(record, expected) for record in found.scores),
        alerts=len(expected.alerts),
        alerts_lost=sum(name not in alerts for name in expected.alerts),
        alerts_duplicated=_repeats(alerts),
        alert_differences=_alert_differences(expected, found.alerts),
        dead_letters=found.dead_letters,
    )


def _repeats(counts: Counter[str]) -> int:
    return counts.total() - len(counts)


def _disordered(published: Mapping[str, str], transactions: Iterable[str]) -> int:
    place = {name: number for number, name in enumerate(published)}
    newest: dict[str, int] = defaultdict(lambda: -1)
    fallen = 0
    for name in transactions:
        customer, number = published.get(name, ""), place.get(name, -1)
        fallen += number < newest[customer]
        newest[customer] = max(newest[customer], number)
    return fallen


def _right_score(record: Mapping[str, Any], expected: Expected) -> bool:
    return bool(expected.scores.get(record["transaction_id"]) == record["score"])


def _alert_differences(expected: Expected, alerts: Sequence[Mapping[str, Any]]) -> int:
    first: dict[str, dict[str, Any]] = {}
    differences = 0
    for record in alerts:
        values = {name: value for name, value in record.items() if name != MOMENT}
        right_id = expected.alerts.get(record["transaction_id"]) == record["alert_id"]
        same = first.setdefault(record["alert_id"], values) == values
        differences += not (right_id and same and _right_score(record, expected))
    return differences
