"""Newest alerts, with filters and search."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fraudstream.console.reviewed_labels import ReviewedLabels
from fraudstream.readers.reason_summary import summarized

Sort = Literal["newest", "score", "amount"]
State = Literal["all", "open", "fraud", "genuine"]

_SORT_KEYS: dict[Sort, Callable[[dict[str, Any]], Any]] = {
    "newest": lambda alert: alert["scored_at"],
    "score": lambda alert: (alert["score"], alert["scored_at"]),
    "amount": lambda alert: (alert["amount_minor"], alert["scored_at"]),
}
_SEARCHED = ("customer_id", "merchant_id", "transaction_id", "alert_id")
_SHORT = (
    "alert_id", "transaction_id", "customer_id", "merchant_id", "event_time", "scored_at", "score", "decision",
    "amount_minor", "currency",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AlertFilter:
    """Conditions on alerts.

    Parameters
    ----------
    text
        In an id of the alert, or in a reason's code; empty: any.
    decision
        REVIEW or BLOCK; None: both.
    state
        `open`: without a label.
    min_score
        Minimum score, 0 to 1.
    """

    text: str = ""
    decision: str | None = None
    state: State = "all"
    min_score: float = 0.0


class AlertBook:
    """The newest alerts, and what became known of them. Used in one event loop.

    Parameters
    ----------
    max_kept
        Alerts kept; the first to arrive go first.
    """

    def __init__(self, max_kept: int, labels: ReviewedLabels) -> None:
        self._max, self._labels = max_kept, labels
        self._alerts: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._transactions: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._alerts)

    def add(self, alert: dict[str, Any]) -> bool:
        """Keep a record of `alert.avsc`; returns whether it is new: after a failure the job repeats some."""
        if alert["alert_id"] in self._alerts:
            return False
        self._alerts[alert["alert_id"]] = alert
        self._transactions.add(_transaction(alert))
        if len(self._alerts) > self._max:
            _, oldest = self._alerts.popitem(last=False)
            self._transactions.discard(_transaction(oldest))
        return True

    def has_transaction(self, customer_id: str, transaction_id: str) -> bool:
        """Return whether one of the alerts is about a customer's transaction."""
        return (customer_id, transaction_id) in self._transactions

    def find(self, alert_id: str) -> dict[str, Any] | None:
        """Return an alert whole, with its `label`, and each of its reasons with a `summary` and its `strength`."""
        alert = self._alerts.get(alert_id)
        if alert is None:
            return None
        return {**summarized(alert), "label": self._label(alert)}

    def choose(self, wanted: AlertFilter, sort: Sort, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return the first alerts that are wanted, as rows of a list, and how many there are."""
        found = [alert for alert in self._alerts.values() if self._suits(alert, wanted)]
        found.sort(key=_SORT_KEYS[sort], reverse=True)
        return [self.short(alert) for alert in found[:limit]], len(found)

    def short(self, alert: dict[str, Any]) -> dict[str, Any]:
        """Return what a list shows of an alert."""
        codes = [reason["code"] or reason["feature"] for reason in alert["reasons"]]
        return {**{name: alert[name] for name in _SHORT}, "reasons": codes, "label": self._label(alert)}

    def _label(self, alert: dict[str, Any]) -> dict[str, Any] | None:
        found = self._labels.find(*_transaction(alert))
        return None if found is None else found.to_dict()

    def _suits(self, alert: dict[str, Any], wanted: AlertFilter) -> bool:
        if alert["score"] < wanted.min_score or wanted.decision not in {None, alert["decision"]}:
            return False
        if wanted.state != "all":
            label = self._labels.find(*_transaction(alert))
            state = "open" if label is None else "fraud" if label.is_fraud else "genuine"
            if state != wanted.state:
                return False
        text = wanted.text.casefold()
        texts = [alert[name] for name in _SEARCHED] + [reason["code"] for reason in alert["reasons"]]
        return not text or any(text in found.casefold() for found in texts)


def _transaction(record: dict[str, Any]) -> tuple[str, str]:
    return record["customer_id"], record["transaction_id"]
