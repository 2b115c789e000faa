"""Audit log of rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from fraudstream.settings.settings import Settings
from fraudstream.system.durable_lines import DurableLines


@dataclass(frozen=True, kw_only=True)
class RuleEntry:
    """One change of the rules.

    Attributes
    ----------
    book_id : str
        Also the book's, so that what the job says of it can be traced to it.
    at : datetime
        UTC.
    by, reason : str
        Who, and why.
    changes : list of str
        See `rule_changes`.
    """

    book_id: str
    at: datetime
    by: str
    reason: str
    changes: list[str]


class RuleLog:
    """Who changed which rules, when and why: the control topic keeps the newest book alone."""

    def __init__(self, settings: Settings) -> None:
        self._lines = DurableLines(settings.state.rules / "log.jsonl", "a change of the rules", RuleEntry)

    def add(self, entry: RuleEntry) -> None:
        """Write an entry behind the others."""
        self._lines.add(asdict(entry))

    def has(self, book_id: str, by: str) -> bool:
        """Return whether somebody made a change from this folder of state."""
        return any(entry.book_id == book_id and entry.by == by for entry in self.entries())

    def entries(self) -> list[RuleEntry]:
        """Return all entries, the oldest first.

        Raises
        ------
        RuntimeFailure
            A line is none of ours.
        """
        return self._lines.entries()
