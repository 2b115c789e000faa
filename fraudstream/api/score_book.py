"""Published transactions of the last minutes, with their decisions."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_SCORE_FIELDS = ("decision", "score", "scored_at", "model_id")


class State(StrEnum):
    """Published transaction with what is known of its decision."""

    SCORED = "SCORED"
    PENDING = "PENDING"


class ConflictError(Exception):
    """The customer's transaction_id is known with another body."""


class AmbiguousError(Exception):
    """Several customers have a transaction of this id."""


@dataclass(eq=False, kw_only=True, slots=True)
class Entry:
    """A transaction that was published, and the job's decision on it.

    Parameters
    ----------
    fingerprint
        Of the whole transaction: the same id with another one is a mistake of the sender.
    opened_s
        When, by the book's clock.
    """

    transaction_id: str
    customer_id: str
    fingerprint: bytes
    opened_s: float
    score: dict[str, Any] | None = None
    alert: dict[str, Any] | None = None
    complete: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Done once all is known, or with the error that kept the transaction from the broker."""

    @property
    def state(self) -> State:
        """SCORED as soon as a decision is known, with its reasons or not yet."""
        return State.PENDING if self.decision is None else State.SCORED

    @property
    def decision(self) -> dict[str, Any] | None:
        """The record that decides: the alert has all fields of the score, and the reasons."""
        return self.alert or self.score

    def settle(self) -> None:
        """Complete the entry once nothing more is expected: an approval has no alert."""
        known = self.alert is not None or (self.score is not None and self.score["decision"] == "APPROVE")
        if known and not self.complete.done():
            self.complete.set_result(None)


class ScoreBook:
    """Transactions of the last minutes by customer and id, so that each is published once and always answered the same.

    Ids are unique for a customer alone: the same id of another customer is another transaction.

    It belongs to one event loop: all but `is_waited_for` is called there.

    Parameters
    ----------
    kept_s
        Lifetime of an entry in seconds.
    max_entries
        Entries kept; the oldest go first.
    clock
        Seconds that only grow.
    """

    def __init__(self, *, kept_s: float, max_entries: int, clock: Callable[[], float]) -> None:
        self._kept_s, self._max, self._clock = kept_s, max_entries, clock
        self._entries: OrderedDict[tuple[str, str], Entry] = OrderedDict()
        # By transaction_id. Dicts of texts are not followed by the collector of garbage, see add_score.
        self._customers: dict[str, dict[str, None]] = {}
        self._awaited: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def is_waited_for(self, customer_id: str) -> bool:
        """Return whether a transaction of the customer has no complete answer yet; from any thread."""
        return customer_id in self._awaited

    def find(self, transaction_id: str, customer_id: str | None = None) -> Entry | None:
        """Return the entry of an id, None when there is none or it is too old.

        Raises
        ------
        AmbiguousError
            Several customers have the id, and none of them is named.
        """
        self._forget_old()
        if customer_id is None:
            customers = self._customers.get(transaction_id, ())
            if len(customers) > 1:
                raise AmbiguousError(transaction_id)
            customer_id = next(iter(customers), "")
        return self._entries.get((customer_id, transaction_id))

    def open(self, transaction_id: str, customer_id: str, fingerprint: bytes) -> tuple[Entry, bool]:
        """Return the entry of a transaction, and whether it is new: then it is to be published.

        Raises
        ------
        ConflictError
            It is known with another fingerprint.
        """
        entry = self.find(transaction_id, customer_id)
        if entry is not None:
            if entry.fingerprint != fingerprint:
                raise ConflictError(transaction_id)
            return entry, False
        while len(self._entries) >= self._max:
            self._remove(next(iter(self._entries.values())))
        entry = Entry(
            transaction_id=transaction_id, customer_id=customer_id, fingerprint=fingerprint, opened_s=self._clock()
        )
        self._entries[customer_id, transaction_id] = entry
        self._customers.setdefault(transaction_id, {})[customer_id] = None
        self._awaited[customer_id] = self._awaited.get(customer_id, 0) + 1
        entry.complete.add_done_callback(lambda _done: self._stop_awaiting(customer_id))
        return entry, True

    def add_score(self, score: dict[str, Any]) -> Entry | None:
        """Note a score; return its entry where it is the first one."""
        entry = self._entries.get((score["customer_id"], score["transaction_id"]))
        if entry is None or entry.score is not None:
            return None
        # Only the fields of the answer, none of them tracked by the garbage collector, which would traverse
        # hundreds of thousands of entries, and holds up all requests meanwhile.
        entry.score = {name: score[name] for name in _SCORE_FIELDS}
        entry.settle()
        return entry

    def add_alert(self, alert: dict[str, Any]) -> None:
        """Note an alert."""
        entry = self._entries.get((alert["customer_id"], alert["transaction_id"]))
        if entry is not None and entry.alert is None:
            entry.alert = alert
            entry.settle()

    def withdraw(self, entry: Entry, error: Exception) -> None:
        """Remove a transaction that did not reach the broker, which may be sent again; its requests get the error."""
        if self._entries.get((entry.customer_id, entry.transaction_id)) is not entry:
            return
        self._delete(entry)
        if not entry.complete.done():
            entry.complete.set_exception(error)
            entry.complete.exception()  # it counts as seen, although no request may wait any more

    def _forget_old(self) -> None:
        oldest = self._clock() - self._kept_s
        while self._entries and (first := next(iter(self._entries.values()))).opened_s < oldest:
            self._remove(first)

    def _remove(self, entry: Entry) -> None:
        self._delete(entry)
        entry.complete.cancel()

    def _delete(self, entry: Entry) -> None:
        del self._entries[entry.customer_id, entry.transaction_id]
        customers = self._customers[entry.transaction_id]
        del customers[entry.customer_id]
        if not customers:
            del self._customers[entry.transaction_id]

    def _stop_awaiting(self, customer_id: str) -> None:
        self._awaited[customer_id] -= 1
        if not self._awaited[customer_id]:
            del self._awaited[customer_id]
