"""Reference implementation of the label features in plain Python."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models.features.label_record import DAYS_KEPT, KEPT_LABELS, MAX_LEFT
from models.features.operation import Operation as Op
from models.features.table import Feature
from models.features.window import HORIZON_MS, Window
from schemas.durations import DAY_MS


@dataclass(frozen=True, kw_only=True)
class KnownLabel:
    """One label, as plain Python values."""

    transaction_id: str
    customer_id: str
    merchant_id: str
    amount_minor: int
    is_fraud: bool
    label_time_ms: int
    device_id: str | None = None
    order: int = 0  # among labels of the same millisecond: any number that depends on the transaction alone

    @property
    def identity(self) -> tuple[str, str]:
        """Customer and transaction: ids are unique within a customer."""
        return self.customer_id, self.transaction_id


@dataclass
class NaiveLabels:
    """The labels of an entity or customer: the newest KEPT_LABELS, and those that left them. Oldest first.

    Of those that left the newest MAX_LEFT can be replaced, the rest is gone.
    """

    kept: list[KnownLabel] = field(default_factory=list)
    gone: list[KnownLabel] = field(default_factory=list)
    revocable: list[KnownLabel] = field(default_factory=list)

    @property
    def left(self) -> list[KnownLabel]:
        """The labels that are not among the newest KEPT_LABELS."""
        return self.gone + self.revocable

    def ingest(self, label: KnownLabel) -> None:
        """Keep a label, unless one of the same transaction holds against it; what does not fit leaves."""
        known = self.revocable + self.kept
        same = [other for other in known if other.identity == label.identity]
        holds = max([*same, label], key=lambda one: (one.label_time_ms, one.is_fraud))
        others = [other for other in known if other.identity != label.identity]
        known = sorted([*others, holds], key=lambda one: (one.label_time_ms, one.order))
        left, self.kept = known[:-KEPT_LABELS], known[-KEPT_LABELS:]
        self.gone += left[:-MAX_LEFT]
        self.revocable = left[-MAX_LEFT:]

    def known(self, now_ms: int) -> list[KnownLabel]:
        """Return the kept labels known at a time; none if all known ones are beyond the horizon."""
        known = [label for label in self.kept if label.label_time_ms <= now_ms]
        return known if known and known[-1].label_time_ms >= now_ms - HORIZON_MS else []

    def known_left(self, now_ms: int) -> list[KnownLabel]:
        """Return the labels that left and may be counted: all, or none when one of them was not known yet."""
        newest_ms = max((label.label_time_ms for label in self.left), default=0)
        seen = newest_ms <= now_ms and (self.known(now_ms) or newest_ms >= now_ms - HORIZON_MS)
        return self.left if seen else []

    def in_window(self, now_ms: int, window: Window) -> list[KnownLabel]:
        """Return the labels that count in a window: the kept ones in it, and of the left ones whole days."""
        begin_ms = now_ms - window.length_ms
        known = self.known(now_ms)
        kept = [label for label in known if label.label_time_ms > begin_ms]
        if len(kept) < len(known):
            return kept
        days = {label.label_time_ms // DAY_MS for label in self.left}
        held = {d for d in days if not any(e > d and e % DAYS_KEPT == d % DAYS_KEPT for e in days)}
        newest_ms = max((label.label_time_ms for label in self.left), default=0)
        ends = {d: (d + 1) * DAY_MS - 1 for d in held}
        counted = {d for d in held if ends[d] > begin_ms and (newest_ms <= now_ms or ends[d] <= now_ms)}
        return [label for label in self.left if label.label_time_ms // DAY_MS in counted] + kept


@dataclass(frozen=True)
class LabelFacts:
    """Facts from labels of an entity and a customer for a transaction at ``now_ms`` with ``amount`` major units."""

    now_ms: int
    amount: float
    entity: NaiveLabels
    customer: NaiveLabels
    minor_units: float = 100.0

    def value_of(self, feature: Feature) -> float:
        """Return one feature."""
        value = _FACTS[feature.operation](self, feature.window)
        return feature.missing if value is None else float(value)

    def in_window(self, window: Window | None) -> list[KnownLabel]:
        """Return the entity's labels in a window."""
        assert window is not None  # noqa: S101 - each of these operations has one
        return self.entity.in_window(self.now_ms, window)

    def labelled_mean(self, window: Window | None) -> float | None:
        """Return the mean amount of the entity's labels in a window."""
        return self.mean(self.in_window(window))

    def streak(self) -> list[KnownLabel]:
        """Return the entity's current streak of known frauds, newest first."""
        streak = []
        for label in reversed(self.entity.known(self.now_ms)):
            if not label.is_fraud:
                break
            streak.append(label)
        return streak

    def of_entity(self, *, is_fraud: bool) -> list[KnownLabel]:
        """Return the entity's known frauds, or known genuine ones."""
        every = self.entity.known_left(self.now_ms) + self.entity.known(self.now_ms)
        return [label for label in every if label.is_fraud == is_fraud]

    def of_customer(self, *, is_fraud: bool) -> list[KnownLabel]:
        """Return the customer's known frauds, or known genuine transactions."""
        every = self.customer.known_left(self.now_ms) + self.customer.known(self.now_ms)
        return [label for label in every if label.is_fraud == is_fraud]

    def since(self, labels: Sequence[KnownLabel]) -> float | None:
        """Return the seconds since the newest of these labels."""
        return (self.now_ms - max(label.label_time_ms for label in labels)) / 1000 if labels else None

    def mean(self, labels: Sequence[KnownLabel]) -> float | None:
        """Return the mean amount of labels, major units."""
        total = sum(label.amount_minor for label in labels)
        return total / len(labels) / self.minor_units if labels else None

    def compared_to(self, other: float | None) -> float | None:
        """Return the amount over another, each with 1 major unit more."""
        return None if other is None else (self.amount + 1) / (other + 1)

    def genuine_maximum(self) -> float | None:
        """Return the customer's largest known genuine amount."""
        return max((label.amount_minor / self.minor_units for label in self.of_customer(is_fraud=False)), default=None)

    def genuine_z(self) -> float | None:
        """Return how many deviations the amount is from the mean of the genuine ones still kept."""
        amounts = [
            label.amount_minor / self.minor_units for label in self.customer.known(self.now_ms) if not label.is_fraud
        ]
        return (self.amount - statistics.fmean(amounts)) / (statistics.pstdev(amounts) + 1) if amounts else None


def is_of_labels(feature: Feature) -> bool:
    """Whether a feature is found from labels."""
    return feature.operation in _FACTS


def _frauds(labels: Sequence[KnownLabel]) -> int:
    return sum(label.is_fraud for label in labels)


_FACTS: dict[Op, Callable[[LabelFacts, Window | None], float | None]] = {
    Op.ENTITY_LABELS: lambda facts, window: len(facts.in_window(window)),
    Op.ENTITY_FRAUDS: lambda facts, window: _frauds(facts.in_window(window)),
    Op.ENTITY_FRAUD_RATE: lambda facts, window: _frauds(facts.in_window(window)) / max(len(facts.in_window(window)), 1),
    Op.ENTITY_LABELLED_MEAN: lambda facts, window: facts.labelled_mean(window),
    Op.ENTITY_TO_LABELLED_MEAN: lambda facts, window: facts.compared_to(facts.labelled_mean(window)),
    Op.FRAUD_STREAK: lambda facts, _: len(facts.streak()),
    Op.FRAUD_STREAK_AGE: lambda facts, _: facts.since(facts.streak()[-1:]),
    Op.SINCE_ENTITY_FRAUD: lambda facts, _: facts.since(facts.of_entity(is_fraud=True)),
    Op.SINCE_ENTITY_GENUINE: lambda facts, _: facts.since(facts.of_entity(is_fraud=False)),
    Op.KNOWN_FRAUDS: lambda facts, _: len(facts.of_customer(is_fraud=True)),
    Op.SINCE_KNOWN_FRAUD: lambda facts, _: facts.since(facts.of_customer(is_fraud=True)),
    Op.KNOWN_GENUINE: lambda facts, _: len(facts.of_customer(is_fraud=False)),
    Op.GENUINE_MEAN: lambda facts, _: facts.mean(facts.of_customer(is_fraud=False)),
    Op.GENUINE_MAXIMUM: lambda facts, _: facts.genuine_maximum(),
    Op.TO_GENUINE_MEAN: lambda facts, _: facts.compared_to(facts.mean(facts.of_customer(is_fraud=False))),
    Op.TO_GENUINE_MAXIMUM: lambda facts, _: facts.compared_to(facts.genuine_maximum()),
    Op.GENUINE_Z_SCORE: lambda facts, _: facts.genuine_z(),
}
