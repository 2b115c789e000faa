"""Audit log of decisions on models."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from fraudstream.system.durable_lines import DurableLines

Action = Literal["promote", "shadow", "rollback"]
Outcome = Literal["done", "refused", "failed"]


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Registered versions that score.

    Parameters
    ----------
    champion : int or None
        Version that decides; None before the first promotion.
    challenger : int or None
        Version that scores next to it.
    share : float
        Fraction of customers the challenger decides for.
    """

    champion: int | None = None
    challenger: int | None = None
    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Decision on models: user, time, reason, data and outcome.

    Parameters
    ----------
    decision_id : str
        Also the deployment's id, so that scores and model events can be traced to it.
    at : datetime
        UTC.
    action, outcome
        `failed` means allowed, but not carried out.
    reason : str
        Reason that the user gave.
    version : int or None
        Version that the decision is about.
    before, after : Serving
        Versions before the decision, and decided versions.
    forced : bool
        Whether failed gates were overridden.
    gates : list of dict
        Name, passed, expected and was of each gate.
    data : dict
        Fingerprints of the training data and the comparison data.
    undoes : str or None
        Decision that a rollback undoes.
    detail : str
        Cause of a failure.
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
    """Append-only log of decisions on models, one JSON object per line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = DurableLines(path, "a decision", AuditEntry)

    def add(self, entry: AuditEntry) -> None:
        """Append an entry; safe across processes."""
        self._lines.add(asdict(entry))

    def entries(self) -> list[AuditEntry]:
        """Return all entries, oldest first.

        Raises
        ------
        RuntimeFailure
            A line is invalid.
        """
        return self._lines.entries()

    def to_undo(self) -> AuditEntry | None:
        """Return the newest change that was carried out and not undone."""
        undone: set[str | None] = set()
        for entry in reversed(self.entries()):
            if entry.outcome != "done":
                continue
            if entry.action == "rollback":
                undone.add(entry.undoes)
            elif entry.decision_id not in undone:
                return entry
        return None
