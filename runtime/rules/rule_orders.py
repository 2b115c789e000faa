from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal

from models.rules.rule_engine import RuleEngine
from runtime.configuration.settings import Settings
from runtime.host.user import user
from runtime.job_control.control_topic import publish_rules, publish_snooze, read_rules, read_snoozes
from runtime.kafka.clocks import CLOCKS_APART_MS
from runtime.local.embedded import Services
from runtime.rules.rule_changes import rule_changes
from runtime.rules.rule_file import RuleFile
from runtime.rules.rule_log import RuleEntry, RuleLog
from schemas.customer_snooze import CustomerSnooze
from schemas.rule_book import RuleBook, RuleError, Snooze


@dataclass(frozen=True, kw_only=True)
class RuleOrder:
    """A change of the rules or of a snooze, and the id of the record; nothing was sent where nothing changes.

    Attributes
    ----------
    order_id : str
        The job's answer names it.
    changes : list of str
        See `rule_changes`.
    shards : {"all", "own"}
        Whether every shard answers, or the customer's own alone.
    """

    order_id: str
    changes: list[str]
    shards: Literal["all", "own"] = "all"


class RuleOrders:
    """Changes of the rules and snoozes in force: each is checked as the job does, sent to it, and written down.

    A rule book is made of the newest one: of two that two processes make at the same moment the later one counts. A
    snooze is a record of its own, so those of any processes all count.

    Parameters
    ----------
    settings, services
        Where the control topic and the log are.
    """

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings, self._services = settings, services
        self._by = user()
        self._log = RuleLog(settings)
        self._one_at_once = Lock()

    def apply(self, file: RuleFile, reason: str) -> RuleOrder:
        """Put a file's rules and lists in the place of those in force; snoozes stay.

        Raises
        ------
        RuleError
            The job would refuse them.
        NotReady
            There is no control topic, or no broker answers.
        """
        with self._one_at_once:
            return self._changed(
                self._current(), lambda book: replace(book, rules=file.rules, lists=file.lists), reason
            )

    def snooze(self, customer_id: str, until: datetime, reason: str) -> RuleOrder:
        """Silence the reviews of a customer's transactions before an event time; raises as `apply`."""
        if not customer_id:
            raise RuleError("expected a customer to snooze, got an empty name: name one as transactions do")
        with self._one_at_once:
            former = self._snoozed().get(customer_id)
            told = f"snooze {customer_id} until {until:%Y-%m-%d %H:%M}"
            change = f"+ {told}" if former is None else f"~ {told} (was: until {former.until:%Y-%m-%d %H:%M})"
            order = self._publish_snooze(customer_id, until, reason, change)
            self._take_from_book(customer_id, reason)
            return order

    def unsnooze(self, customer_id: str, reason: str) -> RuleOrder:
        """End a customer's snooze; raises as `apply`, and where there is none."""
        with self._one_at_once:
            # One that is over by this machine's clock may not be so by the event times that the job goes by.
            former = self._recorded().get(customer_id)
            if former is None:
                raise RuleError(f"expected a customer that is snoozed, got {customer_id}: see `fraudstream rules ls`")
            change = f"- snooze {customer_id} until {former.until:%Y-%m-%d %H:%M}"
            order = self._publish_snooze(customer_id, None, reason, change)
            self._take_from_book(customer_id, reason)
            return order

    def in_force(self) -> RuleBook | None:
        """Return the newest book with all snoozes that are not over; None where nothing was ever ordered."""
        book, snoozes = read_rules(self._settings, self._services), self._snoozed()
        if book is None and not snoozes:
            return None
        return replace(book or self._empty(), snoozes=tuple(snoozes.values()))

    def _publish_snooze(self, customer_id: str, until: datetime | None, reason: str, change: str) -> RuleOrder:
        snooze = CustomerSnooze(
            snooze_id=str(uuid.uuid4()),
            customer_id=customer_id,
            until=until,
            reason=reason,
            changed_at=datetime.now(UTC),
            changed_by=self._by,
        )
        publish_snooze(self._settings, self._services, snooze)
        self._log.add(
            RuleEntry(book_id=snooze.snooze_id, at=snooze.changed_at, by=self._by, reason=reason, changes=[change])
        )
        return RuleOrder(order_id=snooze.snooze_id, changes=[change], shards="own")

    def _take_from_book(self, customer_id: str, reason: str) -> None:
        """Remove a snooze that an earlier version wrote into the book: the customer's record counts in its place."""
        book = self._current()
        if any(item.customer_id == customer_id for item in book.snoozes):
            self._changed(book, lambda found: replace(found, snoozes=_others(found, customer_id)), reason)

    def _snoozed(self) -> dict[str, Snooze]:
        """Return the snoozes that are not over by this machine's clock, those of the book too, by customer."""
        now = datetime.now(UTC)
        return {customer_id: item for customer_id, item in self._recorded().items() if item.until > now}

    def _recorded(self) -> dict[str, Snooze]:
        """Return all snoozes that nobody has ended, those that ran out too, by customer."""
        records = read_snoozes(self._settings, self._services).values()
        found = {item.customer_id: item for item in self._current().snoozes}
        found |= {
            item.customer_id: Snooze(customer_id=item.customer_id, until=item.until, reason=item.reason)
            for item in records
            if item.until is not None
        }
        return found

    def _changed(self, before: RuleBook, change: Callable[[RuleBook], RuleBook], reason: str) -> RuleOrder:
        now = datetime.now(UTC)
        book = replace(change(before), book_id=str(uuid.uuid4()), changed_at=now, changed_by=self._by, reason=reason)
        RuleEngine(book)
        changes = rule_changes(before, book)
        if changes:
            publish_rules(self._settings, self._services, book)
            entry = RuleEntry(book_id=book.book_id, at=now, by=self._by, reason=reason, changes=changes)
            self._log.add(entry)
        return RuleOrder(order_id=book.book_id, changes=changes)

    def _current(self) -> RuleBook:
        """Return the newest book without the snoozes that are long over; an empty one where there was none."""
        book = read_rules(self._settings, self._services)
        long_ago = datetime.now(UTC) - timedelta(milliseconds=CLOCKS_APART_MS)
        if book is None:
            return self._empty()
        return replace(book, snoozes=tuple(item for item in book.snoozes if item.until > long_ago))

    def _empty(self) -> RuleBook:
        return RuleBook(book_id="", changed_at=datetime.now(UTC), changed_by=self._by, reason="")


def _others(book: RuleBook, customer_id: str) -> tuple[Snooze, ...]:
    return tuple(item for item in book.snoozes if item.customer_id != customer_id)
