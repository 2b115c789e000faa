from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

from models.rules.rule_engine import RuleEngine
from runtime.configuration.settings import Settings
from runtime.host.user import user
from runtime.job_control.control_topic import publish_rules, read_rules
from runtime.local.embedded import Services
from runtime.rules.rule_changes import rule_changes
from runtime.rules.rule_file import RuleFile
from runtime.rules.rule_log import RuleEntry, RuleLog
from schemas.rule_book import RuleBook, RuleError, Snooze


@dataclass(frozen=True, kw_only=True)
class RuleOrder:
    """A rule book that was ordered, and what it changes; nothing was sent where it changes nothing."""

    book: RuleBook
    changes: list[str]


class RuleOrders:
    """Changes the rule book in force: each change is checked as the job will, told to the job, and written down.

    A change is made of the newest book. Of two that two processes make at the same moment the later one counts; those
    of one process wait for each other.

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
        return self._order(lambda book: replace(book, rules=file.rules, lists=file.lists), reason)

    def snooze(self, customer_id: str, until: datetime, reason: str) -> RuleOrder:
        """Silence the reviews of a customer's transactions before an event time; raises as `apply`."""
        wanted = Snooze(customer_id=customer_id, until=until, reason=reason)
        return self._order(lambda book: replace(book, snoozes=(*_others(book, customer_id), wanted)), reason)

    def unsnooze(self, customer_id: str, reason: str) -> RuleOrder:
        """End a customer's snooze; raises as `apply`, and where there is none."""

        def ended(book: RuleBook) -> RuleBook:
            others = _others(book, customer_id)
            if len(others) == len(book.snoozes):
                raise RuleError(f"expected a customer that is snoozed, was {customer_id}: see `fraudstream rules ls`")
            return replace(book, snoozes=others)

        return self._order(ended, reason)

    def _order(self, change: Callable[[RuleBook], RuleBook], reason: str) -> RuleOrder:
        with self._one_at_once:
            return self._changed(self._current(), change, reason)

    def _changed(self, before: RuleBook, change: Callable[[RuleBook], RuleBook], reason: str) -> RuleOrder:
        now = datetime.now(UTC)
        book = replace(change(before), book_id=str(uuid.uuid4()), changed_at=now, changed_by=self._by, reason=reason)
        RuleEngine(book)
        changes = rule_changes(before, book)
        if changes:
            publish_rules(self._settings, self._services, book)
            entry = RuleEntry(book_id=book.book_id, at=now, by=self._by, reason=reason, changes=changes)
            self._log.add(entry)
        return RuleOrder(book=book, changes=changes)

    def _current(self) -> RuleBook:
        """Return the newest book without the snoozes that are over; an empty one where there was none."""
        book, now = read_rules(self._settings, self._services), datetime.now(UTC)
        if book is None:
            return RuleBook(book_id="", changed_at=now, changed_by=self._by, reason="")
        return replace(book, snoozes=tuple(item for item in book.snoozes if item.until > now))


def _others(book: RuleBook, customer_id: str) -> tuple[Snooze, ...]:
    return tuple(item for item in book.snoozes if item.customer_id != customer_id)
