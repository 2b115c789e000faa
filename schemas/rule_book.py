"""Rule book records."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from schemas.errors import UserError

RULES_KEY = "rules"
"""Key of the control topic's records that hold a rule book: compaction keeps the newest."""

LIST_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Names of lists, and of rules."""

Action = Literal["REVIEW", "BLOCK", "ALLOW", "WATCH"]
ACTIONS: tuple[Action, ...] = get_args(Action)
ACTION_NAMES = " or ".join([", ".join(ACTIONS[:-1]), ACTIONS[-1]]).lower()
"""Actions in messages."""


class RuleError(UserError):
    """Rules that no job can follow."""


def meant(name: str, known: Iterable[str], sign: str = "") -> str:
    """Return the end of a message on a name that there is not: the known one next to it, if any is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean {sign}{near[0]}?" if near else ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A condition on a transaction, and what becomes of one that it holds for.

    Attributes
    ----------
    name : str
        An alert's reason has it as ``rule:NAME``.
    when : str
        The condition, in the language of docs/rules.md.
    action : str
        REVIEW, BLOCK or ALLOW; WATCH decides nothing.
    text : str
        The rule in words that a reviewer understands.
    expires : datetime or None
        Transactions of this event time and later are not its own any more; None: it stays.
    """

    name: str
    when: str
    action: Action
    text: str
    expires: datetime | None = None

    @property
    def code(self) -> str:
        """Code of its reason on an alert."""
        return f"rule:{self.name}"


@dataclass(frozen=True, kw_only=True)
class ListEntry:
    """A value of a list; for transactions of the event time `until` and later it is not on it, unless that is None."""

    value: str
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RuleList:
    """Values that rules match as ``@NAME``, each once."""

    name: str
    entries: tuple[ListEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Snooze:
    """A customer whose transactions are not reviewed before the event time `until`."""

    customer_id: str
    until: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """The rules on top of the models: all of them, so that of several books the newest alone counts.

    Attributes
    ----------
    book_id : str
        Names it in what the job says of it.
    changed_at : datetime
        When it was decided, UTC.
    changed_by, reason : str
        Author and reason.
    replaces : str
        Id of the book that was in force when this one was made; empty: none was, or it is not known.
    """

    book_id: str
    changed_at: datetime
    changed_by: str
    reason: str
    rules: tuple[Rule, ...] = ()
    lists: tuple[RuleList, ...] = ()
    snoozes: tuple[Snooze, ...] = ()
    replaces: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return it as a record of `rules.avsc`."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> RuleBook:
        """Return what `to_record` was called on."""
        parsed = dict(record)
        rules = tuple(Rule(**rule) for rule in parsed.pop("rules"))
        lists = tuple(
            RuleList(name=found["name"], entries=tuple(ListEntry(**entry) for entry in found["entries"]))
            for found in parsed.pop("lists")
        )
        snoozes = tuple(Snooze(**snooze) for snooze in parsed.pop("snoozes"))
        return cls(**parsed, rules=rules, lists=lists, snoozes=snoozes)
