"""Comparison of the topics with the oracle, free of I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jobs.job_config import Guarantee
from schemas.alert_id import alert_id

MOMENT = "scored_at"
"""Field in which two records of an alert on the same basis may differ."""

Record = Mapping[str, Any]
Key = tuple[str, str]
"""Key of a transaction: customer_id and transaction_id."""


class Basis(NamedTuple):
    """Basis of a score, as its record names it, besides the customer's earlier transactions."""

    model_id: str
    label_offsets: tuple[int, ...]
    rule_book_id: str
    entity_sequences: tuple[int, ...] = ()
    entity_label_offsets: tuple[int, ...] = ()

    def label_offsets_of(self, entity: int) -> tuple[int, ...]:
        """Return the offsets of the first labels that an entity did not know, by its index in ENTITIES."""
        count = len(self.entity_label_offsets) // max(len(self.entity_sequences), 1)
        return self.entity_label_offsets[entity * count : (entity + 1) * count]

    @classmethod
    def of(cls, record: Record) -> Basis:
        """Return the basis that a score or an alert names."""
        return cls(
            record["model_id"],
            tuple(record["label_offsets"]),
            record["rule_book_id"],
            tuple(record["entity_sequences"]),
            tuple(record["entity_label_offsets"]),
        )


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Expected answer to a transaction on a basis.

    Parameters
    ----------
    score
        The exact float32.
    decision
        Name of the `Decision`.
    rule_codes
        Codes of the rules that an alert on it names.
    reads_entities
        Whether the model reads features of entities: then the answer holds for a transaction's last record alone.
    """

    score: float
    decision: str
    rule_codes: frozenset[str] = frozenset()
    reads_entities: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """Content of the topics after a run, each sorted by partition and offset.

    Parameters
    ----------
    transactions
        Transactions of the input topic.
    scores, alerts
        Whole records.
    dead_letters
        Number of dead letters.
    label_ends
        Offset after the last label of a customer, per partition of the labels topic.
    """

    transactions: Sequence[Key]
    scores: Sequence[Record]
    alerts: Sequence[Record]
    dead_letters: int
    label_ends: Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, kw_only=True)
class ChaosResult:
    """Counts of the differences; `broken` names those that the guarantee forbids.

    Parameters
    ----------
    published
        Transactions sent.
    models, rule_books, label_states
        Number of different ones that scores name: with one alone the run does not test changes.
    input_lost, input_duplicated, input_disordered
        What the publisher's topic lacks, holds again, or holds before an earlier one of the same customer.
    lost
        Transactions without a score.
    duplicated
        Records of scores beyond the first of each transaction.
    other_basis
        Duplicates scored on another model, other labels, other rules or in another sequence of entity events than the
        first.
    superseded_differences
        Records of scores, not the last of their transaction, that are not the oracle's: the events of their
        entities before the failure came in another sequence, which no record has as a whole.
    score_differences, decision_differences
        Records of scores that are not the oracle's on their basis, bit for bit, or of no transaction that was sent.
    labels_missed
        Customers whose last score did not use all of their labels.
    alerts
        Transactions whose last score requires an alert.
    alerts_lost
        Those without an alert on the same basis.
    alerts_duplicated
        Records of alerts beyond the first of each transaction.
    alert_differences
        Records of alerts that are not the oracle's on their basis, or not equal to the first one on it.
    dead_letters
        Transactions and labels refused; none should be.
    """

    published: int
    models: int
    rule_books: int
    label_states: int
    input_lost: int
    input_duplicated: int
    input_disordered: int
    lost: int
    duplicated: int
    other_basis: int
    superseded_differences: int
    score_differences: int
    decision_differences: int
    labels_missed: int
    alerts: int
    alerts_lost: int
    alerts_duplicated: int
    alert_differences: int
    dead_letters: int

    def broken(self, guarantee: Guarantee) -> list[str]:
        """Name the counts that are not zero and must be."""
        repeats = ("duplicated", "alerts_duplicated", "other_basis", "superseded_differences")
        figures = ("published", "models", "rule_books", "label_states", "alerts")
        free = {*figures, *(repeats if guarantee == "at-least-once" else ())}
        return [name for name, count in vars(self).items() if name not in free and count]


Ask = Callable[[Sequence[tuple[Key, Basis]]], Sequence[Expected | None]]


def compare(published: Sequence[Key], ask: Ask, found: Found) -> ChaosResult:
    """Compare what was found with what an oracle expects.

    Parameters
    ----------
    published
        All transactions, in the sequence of sending.
    ask
        Oracle, see `Oracle.expect`.
    found
        Content of the topics.
    """
    inputs, scores = Counter(found.transactions), Counter(map(_key, found.scores))
    alerts = Counter(map(_key, found.alerts))
    last = {_key(record): record for record in found.scores}
    first = {_key(record): record for record in reversed(found.scores)}
    bases = {Basis.of(record) for record in found.scores}
    expected = ask([(_key(record), Basis.of(record)) for record in found.scores])
    pairs = list(zip(found.scores, expected, strict=True))
    checked = [(record, answer) for record, answer in pairs if _holds(record, answer, last)]
    alert_answers = ask([(_key(record), Basis.of(record)) for record in found.alerts])
    checked_alerts = [
        (record, answer)
        for record, answer in zip(found.alerts, alert_answers, strict=True)
        if _holds(record, answer, last)
    ]
    alerted = {(_key(record), Basis.of(record)) for record in found.alerts}
    flagged = [(_key(record), Basis.of(record)) for record in last.values() if record["decision"] != "APPROVE"]
    return ChaosResult(
        published=len(published),
        models=len({basis.model_id for basis in bases}),
        rule_books=len({basis.rule_book_id for basis in bases}),
        label_states=len({basis.label_offsets for basis in bases}),
        input_lost=sum(key not in inputs for key in published),
        input_duplicated=_repeats(inputs),
        input_disordered=_disordered(published, found.transactions),
        lost=sum(key not in scores for key in published),
        duplicated=_repeats(scores),
        other_basis=sum(Basis.of(record) != Basis.of(first[_key(record)]) for record in found.scores),
        superseded_differences=_superseded_differences(pairs, last),
        score_differences=sum(answer is None or answer.score != record["score"] for record, answer in checked),
        decision_differences=sum(
            answer is not None and answer.decision != record["decision"] for record, answer in checked
        ),
        labels_missed=_labels_missed(published, last, found.label_ends),
        alerts=len(flagged),
        alerts_lost=sum(item not in alerted for item in flagged),
        alerts_duplicated=_repeats(alerts),
        alert_differences=_alert_differences(checked_alerts),
        dead_letters=found.dead_letters,
    )


def _holds(record: Record, answer: Expected | None, last: Mapping[Key, Record]) -> bool:
    """Return whether an answer holds for a record: of a model that reads entities, for the last score and its alert."""
    if answer is None or not answer.reads_entities:
        return True
    final = last.get(_key(record))
    return final is None or final[MOMENT] == record[MOMENT]


def _superseded_differences(pairs: Sequence[tuple[Record, Expected | None]], last: Mapping[Key, Record]) -> int:
    return sum(
        answer is not None and answer.score != record["score"]
        for record, answer in pairs
        if not _holds(record, answer, last)
    )


def _key(record: Record) -> Key:
    return record["customer_id"], record["transaction_id"]


def _repeats(counts: Counter[Key]) -> int:
    return counts.total() - len(counts)


def _disordered(published: Sequence[Key], transactions: Iterable[Key]) -> int:
    positions = {key: number for number, key in enumerate(published)}
    newest: dict[str, int] = defaultdict(lambda: -1)
    fallen = 0
    for key in transactions:
        number = positions.get(key, -1)
        fallen += number < newest[key[0]]
        newest[key[0]] = max(newest[key[0]], number)
    return fallen


def _labels_missed(published: Sequence[Key], last: Mapping[Key, Record], ends: Mapping[str, Mapping[int, int]]) -> int:
    """Count the customers whose last transaction was scored before all of their labels were known."""
    final = {customer: (customer, transaction) for customer, transaction in published}
    records = [last[key] for key in final.values() if key in last]
    return sum(not _knows(record["label_offsets"], ends.get(record["customer_id"], {})) for record in records)


def _knows(offsets: Sequence[int], ends: Mapping[int, int]) -> bool:
    return all(partition < len(offsets) and offsets[partition] >= end for partition, end in ends.items())


def _alert_differences(alerts: Sequence[tuple[Record, Expected | None]]) -> int:
    first: dict[tuple[str, Basis], dict[str, Any]] = {}
    differences = 0
    for record, answer in alerts:
        values = {name: value for name, value in record.items() if name != MOMENT}
        same = first.setdefault((record["alert_id"], Basis.of(record)), values) == values
        differences += not (same and answer is not None and _is_right(record, answer))
    return differences


def _is_right(record: Record, answer: Expected) -> bool:
    codes = {reason["code"] for reason in record["reasons"] if reason["code"].startswith("rule:")}
    return (
        record["alert_id"] == alert_id(*_key(record))
        and record["score"] == answer.score
        and record["decision"] == answer.decision != "APPROVE"
        and codes == answer.rule_codes
    )
