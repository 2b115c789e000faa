"""Audit log of decisions on models."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from fraudstream.system.durable_lines import DurableLines

Action = Literal["promote", "shadow", "rollback"]
Outcome = Literal["done", "refused", "failed"]


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Which registered versions score: all of it.

    Parameters
    ----------
    champion : int or None
        The version that decides; None before the first promotion.
    challenger : int or None
        The version that scores beside it.
    share : float
        Share of the customers that the challenger decides for.
    """

    champion: int | None = None
    challenger: int | None = None
    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One decision on the models: who, when, why, on which data, and what came of it.

    Parameters
    ----------
    decision_id : str
        Also the deployment's, so that scores and model events can be traced to it.
    at : datetime
        UTC.
    by : str
        Who.
    action, outcome
        `failed` means that it was allowed but could not be carried out.
    reason : str
        In the words of who decided.
    version : int or None
        What it is about.
    model_id : str
        Of that version.
    before, after : Serving
        What scored, and what was to score.
    forced : bool
        Whether gates that it failed were overruled.
    gates : list of dict
        Name, passed, expected and was of each.
    data : dict
        Fingerprints of what it was trained on, and of what it was compared on.
    undoes : str or None
        Of a rollback: the decision that it undoes.
    detail : str
        Why it failed.
    """

    decision_id: str
    at: datetime
    by: str
    action: Action
    outcome: Outcome
    reason: str
    version: int | None
    model_id: str
    before: Serving
    after: Serving
    forced: bool = False
    gates: list[dict[str, Any]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    undoes: str | None = None
    detail: str = ""


class AuditLog:
    """Decisions on the models, one JSON object a line; lines are only ever added, each on disk before it counts.

    Parameters
    ----------
    path : Path
        Made when absent, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = DurableLines(path, "a decision", AuditEntry)

    def add(self, entry: AuditEntry) -> None:
        """Write an entry behind the others; several processes may do so."""
        self._lines.add(asdict(entry))

    def entries(self) -> list[AuditEntry]:
        """Return all entries, the oldest first.

        Raises
        ------
        RuntimeFailure
            A line is none of ours.
        """
        return self._lines.entries()

    def to_undo(self) -> AuditEntry | None:
        """Return the newest change that was carried out and is not undone."""
        undone: set[str | None] = set()
        for entry in reversed(self.entries()):
            if entry.outcome != "done":
                continue
            if entry.action == "rollback":
                undone.add(entry.undoes)
            elif entry.decision_id not in undone:
                return entry
        return None
