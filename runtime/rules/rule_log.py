from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from runtime.configuration.settings import Settings
from runtime.host.durable_lines import DurableLines
from runtime.host.failures import RuntimeFailure


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
        self._lines = DurableLines(settings.state.rules / "log.jsonl")

    def add(self, entry: RuleEntry) -> None:
        """Write an entry behind the others."""
        self._lines.add(asdict(entry))

    def entries(self) -> list[RuleEntry]:
        """Return all entries, the oldest first.

        Raises
        ------
        RuntimeFailure
            A line is none of ours.
        """
        return [self._read(number, line) for number, line in enumerate(self._lines.read(), 1)]

    def _read(self, number: int, line: bytes) -> RuleEntry:
        try:
            told: dict[str, Any] = orjson.loads(line)
            return RuleEntry(**{**told, "at": datetime.fromisoformat(told["at"])})
        except (ValueError, TypeError, KeyError) as error:
            raise RuntimeFailure(
                f"expected a change of the rules in line {number} of {self._lines.path}, was: {error}: put the line "
                "right by hand, nothing here ever changes one"
            ) from None
