"""Audit log of rules."""

from dataclasses import asdict, dataclass
from datetime import datetime

from fraudstream.settings.settings import Settings
from fraudstream.system.durable_lines import DurableLines


@dataclass(frozen=True, kw_only=True)
class RuleEntry:
    """Change of the rules.

    Attributes
    ----------
    book_id : str
        Also the rule book's id, so that model events can be traced to it.
    at : datetime
        UTC.
    by, reason : str
        User and reason.
    changes : list of str
        See `rule_changes`.
    """

    book_id: str
    at: datetime
    by: str
    reason: str
    changes: list[str]


class RuleLog:
    """Audit log of rule changes; the control topic has only the newest rule book."""

    def __init__(self, settings: Settings) -> None:
        self._lines = DurableLines(settings.state.rules / "log.jsonl", "a change of the rules", RuleEntry)

    def add(self, entry: RuleEntry) -> None:
        """Append an entry."""
        self._lines.add(asdict(entry))

    def has(self, book_id: str, by: str) -> bool:
        """Return whether a user made a change with this state folder."""
        return any(entry.book_id == book_id and entry.by == by for entry in self.entries())

    def entries(self) -> list[RuleEntry]:
        """Return all entries, oldest first.

        Raises
        ------
        RuntimeFailure
            A line is invalid.
        """
        return self._lines.entries()
