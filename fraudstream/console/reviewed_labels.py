"""Newest labels by transaction."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ReviewedLabel:
    """Label of a transaction."""

    is_fraud: bool
    label_time: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the label as JSON for a page."""
        return {"is_fraud": self.is_fraud, "label_time": self.label_time}


class ReviewedLabels:
    """The newest labels, by transaction. Used in one event loop.

    Parameters
    ----------
    max_kept
        Labels kept; the oldest to arrive go first.
    """

    def __init__(self, max_kept: int) -> None:
        self._max = max_kept
        self._labels: OrderedDict[tuple[str, str], ReviewedLabel] = OrderedDict()

    def add(self, label: dict[str, Any]) -> None:
        """Keep a record of `label.avsc`; as for the job, the later label_time of a transaction holds."""
        name = label["customer_id"], label["transaction_id"]
        known = self._labels.get(name)
        if known is not None and known.label_time > label["label_time"]:
            return
        self._labels[name] = ReviewedLabel(is_fraud=label["is_fraud"], label_time=label["label_time"])
        self._labels.move_to_end(name)
        if len(self._labels) > self._max:
            self._labels.popitem(last=False)

    def find(self, customer_id: str, transaction_id: str) -> ReviewedLabel | None:
        """Return what is known of a customer's transaction."""
        return self._labels.get((customer_id, transaction_id))
