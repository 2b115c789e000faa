"""Publisher of list entries."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fraudstream.control.control_state import ControlState, read_control
from fraudstream.control.control_topic import publish_entries
from fraudstream.kafka.broker import Broker
from fraudstream.rules.rule_log import RuleEntry, RuleLog
from fraudstream.system.user import user
from schemas.avro_schemas import LIST_ENTRY, RULES
from schemas.list_entry import MAX_ENTRIES, MAX_REASON_BYTES, ListEntryRecord, value_problem
from schemas.rule_book import RuleBook, RuleError, meant

MAX_NAMED = 10
"""Maximum number of values that the log names; of more it has the count."""

MAX_PROBLEMS = 5
"""Maximum number of invalid values that a message names."""

Sent = Callable[[int], None]
"""Called with the number of entries sent so far."""


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """Change of a list; nothing was sent if only `unchanged` is above 0.

    Attributes
    ----------
    change_id : str
        Id in the reply of the job.
    added, changed, removed : int
        Numbers of values added, with another expiry, and removed.
    unchanged : int
        Number of values without a change.
    """

    change_id: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0

    @property
    def sent(self) -> int:
        """Number of entries sent."""
        return self.added + self.changed + self.removed


class ListPublisher:
    """Publisher of list entries; each is a record of its own, so concurrent changes are all kept.

    Parameters
    ----------
    broker
        Broker of the control topic; its settings have the log.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._by = user()
        self._log = RuleLog(broker.settings)

    def in_force(self) -> dict[str, dict[str, ListEntryRecord]]:
        """Return the newest entry of each listed value, by list and value, also expired ones."""
        return read_control(self._broker, (LIST_ENTRY,)).entries

    def add(
        self, name: str, values: Mapping[str, datetime | None], reason: str, on_sent: Sent = lambda _count: None
    ) -> ListChange:
        """Add values to a list, or change their expiry.

        Parameters
        ----------
        name
            Name of a list in the active rules.
        values
            Values with the event time of their expiry; None: no expiry.
        reason
            Reason, recorded in the log.
        on_sent
            Called with the number of entries sent.

        Raises
        ------
        RuleError
            The list is unknown, a value is invalid, or there would be too many entries.
        NotReady
            There is no control topic, or the broker does not answer.
        """
        state = self.read()
        _require_list(name, state.book)
        _require_values(values)
        _require_reason(reason)
        known = state.entries.get(name, {})
        new = {value: until for value, until in values.items() if value not in known or known[value].until != until}
        added = sum(value not in known for value in new)
        if added + sum(map(len, state.entries.values())) > MAX_ENTRIES:
            raise RuleError(
                f"expected at most {MAX_ENTRIES:,} entries of all lists, got "
                f"{added + sum(map(len, state.entries.values())):,}. Remove some, see `fraudstream rules lists ls`"
            )
        change = ListChange(
            change_id=str(uuid.uuid4()), added=added, changed=len(new) - added, unchanged=len(values) - len(new)
        )
        self._publish(change, name, new, reason, on_sent, removed=False)
        return change

    def remove(
        self, name: str, values: Collection[str], reason: str, on_sent: Sent = lambda _count: None
    ) -> ListChange:
        """Remove values from a list; raises as `add`, and for a value that was not added."""
        _require_reason(reason)
        state = self.read()
        known = state.entries.get(name, {})
        missing = [value for value in values if value not in known]
        if missing:
            raise RuleError(_not_on_list(name, missing, state.book))
        change = ListChange(change_id=str(uuid.uuid4()), removed=len(values))
        self._publish(change, name, dict.fromkeys(values), reason, on_sent, removed=True)
        return change

    def read(self) -> ControlState:
        """Read the active rule book and list entries in one pass over the control topic."""
        return read_control(self._broker, (RULES, LIST_ENTRY))

    def _publish(
        self,
        change: ListChange,
        name: str,
        values: Mapping[str, datetime | None],
        reason: str,
        on_sent: Sent,
        *,
        removed: bool,
    ) -> None:
        if not values:
            return
        now = datetime.now(UTC)
        entries = _last_marked(
            ListEntryRecord(
                change_id=change.change_id,
                list=name,
                value=value,
                until=until,
                removed=removed,
                last=False,
                reason=reason,
                changed_at=now,
                changed_by=self._by,
            )
            for value, until in values.items()
        )
        publish_entries(self._broker, entries, on_sent)
        changes = _changes(name, values, change)
        self._log.add(RuleEntry(book_id=change.change_id, at=now, by=self._by, reason=reason, changes=changes))


def _last_marked(entries: Iterator[ListEntryRecord]) -> Iterator[ListEntryRecord]:
    """Yield the entries, with `last` set on the last one."""
    former = next(entries)
    for entry in entries:
        yield former
        former = entry
    yield replace(former, last=True)


def _changes(name: str, values: Mapping[str, datetime | None], change: ListChange) -> list[str]:
    sign = "-" if change.removed else "+" if change.added else "~"
    if len(values) > MAX_NAMED:
        return [f"{sign} list {name}: {len(values):,} values"]
    ends = {value: f" until {until:%Y-%m-%d %H:%M}" if until else "" for value, until in values.items()}
    return [f"{sign} list {name}: {value}{end}" for value, end in ends.items()]


def _require_list(name: str, book: RuleBook | None) -> None:
    known = [item.name for item in book.lists] if book else []
    if name not in known:
        raise RuleError(
            f"expected a list of the rules in force ({', '.join(known) or 'there is none'}), got {name}"
            f"{meant(name, known)} Name a new one in the rule file first: {name} = [] under [lists]"
        )


def _require_values(values: Collection[str]) -> None:
    wrong = [f"{value!a}: {problem}" for value in values if (problem := value_problem(value))]
    if wrong:
        more = f", and {len(wrong) - MAX_PROBLEMS:,} more" if len(wrong) > MAX_PROBLEMS else ""
        raise RuleError(f"{'; '.join(item[:200] for item in wrong[:MAX_PROBLEMS])}{more}. Correct or leave them out")


def _require_reason(reason: str) -> None:
    size = len(reason.encode(errors="replace"))
    if size > MAX_REASON_BYTES:
        raise RuleError(f"expected a reason of at most {MAX_REASON_BYTES:,} bytes, got {size:,}. Shorten it")


def _not_on_list(name: str, missing: list[str], book: RuleBook | None) -> str:
    in_file = {entry.value for item in (book.lists if book else ()) if item.name == name for entry in item.entries}
    if missing[0] in in_file:
        return f"expected a value that was added to {name}, got {missing[0]} of the rule file. Remove it there"
    more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
    return f"expected values of the list {name}, got {missing[0]}{more}. See `fraudstream rules lists show {name}`"
