"""Publisher of rule books and snoozes."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal

from fraudstream.control.book_replacement import BookReplacedError, described, replace_rules
from fraudstream.control.control_topic import publish_rules, publish_snooze, read_rules, read_snoozes
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.clocks import CLOCKS_APART_MS
from fraudstream.rules.rule_changes import rule_changes
from fraudstream.rules.rule_file import RuleFile
from fraudstream.rules.rule_log import RuleEntry, RuleLog
from fraudstream.rules.seen_books import SeenBooks
from fraudstream.system.user import user
from models.declared.declared_rules import names_of_rules
from models.rules.rule_engine import RuleEngine
from schemas.customer_snooze import CustomerSnooze
from schemas.rule_book import RuleBook, RuleError, Snooze

TRIES = 5
"""Attempts to remove a snooze from the rule book while other users replace it."""


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """Change of the rules or of a snooze; nothing was sent without changes.

    Attributes
    ----------
    change_id : str
        Id of the record, and in the reply of the job.
    changes : list of str
        Lines of `rule_changes`.
    shards : {"all", "own"}
        Shards that reply: all, or only the customer's own.
    replaced : RuleBook or None
        Previous rule book; None for a snooze, or if there was none.
    """

    change_id: str
    changes: list[str]
    shards: Literal["all", "own"] = "all"
    replaced: RuleBook | None = None


class RulePublisher:
    """Publisher of rule books and snoozes; each is validated as in the job, sent, and logged.

    A rule book replaces only its base: of two with the same base the second is refused. A snooze is
    a record of its own, so concurrent snoozes are all kept.

    Parameters
    ----------
    broker
        Broker of the control topic; its settings have the log.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._by = user()
        self._log, self._seen = RuleLog(broker.settings), SeenBooks(broker.settings)
        self._one_at_once = Lock()

    def apply(self, file: RuleFile, reason: str, *, replaces: str | None = None, force: bool = False) -> RuleChange:
        """Replace the active rules and lists by those of a file; snoozes are kept.

        Parameters
        ----------
        file, reason
            Rules and lists, and the reason.
        replaces
            Id of the rule book that the file is based on, empty for none; None: one that this user has seen or
            applied.
        force
            Whether to replace any rule book.

        Raises
        ------
        BookReplacedError
            The active rule book is not the base of the file.
        RuleError
            The job would refuse the rules.
        NotReady
            There is no control topic, or the broker does not answer.
        """
        with self._one_at_once:
            before = self._current()
            after = replace(before, rules=file.rules, lists=file.lists)
            if not force and rule_changes(before, after):
                self._require_base(before, replaces)
            return self._changed(before, after, reason, force=force)

    def note_seen(self, book_id: str) -> None:
        """Record that the user has seen a rule book, and may base a file on it."""
        with suppress(OSError):  # showing rules needs no write access
            self._seen.add(book_id)

    def snooze(self, customer_id: str, until: datetime, reason: str) -> RuleChange:
        """Suppress review alerts of a customer before an event time; raises as `apply`."""
        if not customer_id:
            raise RuleError("expected a customer to snooze, got an empty name. Use the customer_id of transactions")
        with self._one_at_once:
            former = self._snoozed().get(customer_id)
            text = f"snooze {customer_id} until {until:%Y-%m-%d %H:%M}"
            change = f"+ {text}" if former is None else f"~ {text} (was: until {former.until:%Y-%m-%d %H:%M})"
            done = self._publish_snooze(customer_id, until, reason, change)
            self._remove_from_book(customer_id, reason)
            return done

    def unsnooze(self, customer_id: str, reason: str) -> RuleChange:
        """End the snooze of a customer; raises as `apply`, and without a snooze."""
        with self._one_at_once:
            # A snooze that has expired by this clock may still apply in event time.
            former = self._recorded().get(customer_id)
            if former is None:
                raise RuleError(f"expected a customer that is snoozed, got {customer_id}. See `fraudstream rules ls`")
            change = f"- snooze {customer_id} until {former.until:%Y-%m-%d %H:%M}"
            done = self._publish_snooze(customer_id, None, reason, change)
            self._remove_from_book(customer_id, reason)
            return done

    def in_force(self) -> RuleBook | None:
        """Return the active rule book with all active snoozes; None if nothing was ever applied."""
        book, snoozes = read_rules(self._broker), self._snoozed()
        if book is None and not snoozes:
            return None
        return replace(book or self._empty(), snoozes=tuple(snoozes.values()))

    def _publish_snooze(self, customer_id: str, until: datetime | None, reason: str, change: str) -> RuleChange:
        snooze = CustomerSnooze(
            snooze_id=str(uuid.uuid4()),
            customer_id=customer_id,
            until=until,
            reason=reason,
            changed_at=datetime.now(UTC),
            changed_by=self._by,
        )
        publish_snooze(self._broker, snooze)
        self._log.add(
            RuleEntry(book_id=snooze.snooze_id, at=snooze.changed_at, by=self._by, reason=reason, changes=[change])
        )
        return RuleChange(change_id=snooze.snooze_id, changes=[change], shards="own")

    def _remove_from_book(self, customer_id: str, reason: str) -> None:
        """Remove a snooze that an earlier version wrote into the rule book; the customer's own record replaces it."""
        for tries_left in reversed(range(TRIES)):
            book = self._current()
            if all(item.customer_id != customer_id for item in book.snoozes):
                return
            try:
                self._changed(book, replace(book, snoozes=_others(book, customer_id)), reason)
            except BookReplacedError:
                if not tries_left:
                    raise

    def _snoozed(self) -> dict[str, Snooze]:
        """Return active snoozes by this clock, also those of the rule book, by customer."""
        now = datetime.now(UTC)
        return {customer_id: item for customer_id, item in self._recorded().items() if item.until > now}

    def _recorded(self) -> dict[str, Snooze]:
        """Return all snoozes that were not ended, also expired ones, by customer."""
        records = read_snoozes(self._broker).values()
        found = {item.customer_id: item for item in self._current().snoozes}
        found |= {
            item.customer_id: Snooze(customer_id=item.customer_id, until=item.until, reason=item.reason)
            for item in records
            if item.until is not None
        }
        return found

    def _require_base(self, book: RuleBook, replaces: str | None) -> None:
        if replaces is None:
            known = not book.book_id or self._seen.has(book.book_id) or self._log.has(book.book_id, self._by)
        else:
            known = replaces == book.book_id
        if not known:
            base = "one that you applied or saw" if replaces is None else replaces or "none"
            raise BookReplacedError(
                f"expected the rule book in force to be {base}, got {described(book)}. See `fraudstream rules ls`, "
                "merge its changes, and apply again; --force replaces it"
            )

    def _changed(self, before: RuleBook, after: RuleBook, reason: str, *, force: bool = False) -> RuleChange:
        now = datetime.now(UTC)
        book = replace(
            after,
            book_id=str(uuid.uuid4()),
            changed_at=now,
            changed_by=self._by,
            reason=reason,
            replaces=before.book_id,
        )
        RuleEngine(book, names_of_rules(self._broker.settings.declaration))
        changes = rule_changes(before, book)
        if changes:
            publish = publish_rules if force else replace_rules
            publish(self._broker, book)
            entry = RuleEntry(book_id=book.book_id, at=now, by=self._by, reason=reason, changes=changes)
            self._log.add(entry)
        return RuleChange(change_id=book.book_id, changes=changes, replaced=before if before.book_id else None)

    def _current(self) -> RuleBook:
        """Return the newest rule book without long expired snoozes; an empty one if there is none."""
        book = read_rules(self._broker)
        long_ago = datetime.now(UTC) - timedelta(milliseconds=CLOCKS_APART_MS)
        if book is None:
            return self._empty()
        return replace(book, snoozes=tuple(item for item in book.snoozes if item.until > long_ago))

    def _empty(self) -> RuleBook:
        return RuleBook(book_id="", changed_at=datetime.now(UTC), changed_by=self._by, reason="")


def _others(book: RuleBook, customer_id: str) -> tuple[Snooze, ...]:
    return tuple(item for item in book.snoozes if item.customer_id != customer_id)
