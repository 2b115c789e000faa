"""Deployment records: champion and challengers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from schemas.control_id import id_problem
from schemas.errors import UserError

DEPLOYMENT_KEY = "deployment"
"""Key of the control topic's records: compaction keeps the newest."""

MAX_CHALLENGERS = 100
"""Each scores every transaction, and all are named in what the job says of them."""


class DeploymentError(UserError):
    """A deployment that no job can follow."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model that decides.

    Attributes
    ----------
    model_id : str
        As its manifest has it and scores name it.
    location : str
        Its folder, as every TaskManager reads it.
    sha256 : str
        Of its model.onnx, as its manifest states it.
    review_threshold, block_threshold : float or None
        Scores from which a transaction is reviewed, and blocked; None: the artifact's own.
    """

    model_id: str
    location: str
    sha256: str
    review_threshold: float | None = None
    block_threshold: float | None = None


@dataclass(frozen=True, kw_only=True)
class Challenger(Served):
    """A model that scores next to the champion.

    Attributes
    ----------
    share : float
        Share of the customers that it decides for, 0 to 1; 0: it is compared alone.
    """

    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Complete set of models that the job scores with; the newest deployment replaces all earlier ones.

    Attributes
    ----------
    deployment_id : str
        Names it in what the job says of it.
    changed_at : datetime
        When it was decided, UTC.
    changed_by, reason : str
        Author and reason.
    champion : Served
        Decides unless a challenger does.

    Raises
    ------
    DeploymentError
        Shares out of range or of more than all customers, a model named twice, too many of them, or a long id.
    """

    deployment_id: str
    changed_at: datetime
    changed_by: str
    reason: str
    champion: Served
    challengers: tuple[Challenger, ...] = ()

    def __post_init__(self) -> None:
        if len(self.challengers) > MAX_CHALLENGERS:
            raise DeploymentError(
                f"expected at most {MAX_CHALLENGERS} challengers, got {len(self.challengers):,}. Deploy fewer."
            )
        problem = id_problem("deployment_id", self.deployment_id) or id_problem("model_id", *self.model_ids)
        if problem:
            raise DeploymentError(problem)
        shares = [challenger.share for challenger in self.challengers]
        # A NaN compares false.
        if not (all(0 <= share <= 1 for share in shares) and sum(shares) <= 1 + 1e-9):
            raise DeploymentError(f"expected shares of 0 to 1, of 1 at most together, got {shares}: lower them")
        twice = [name for name, count in Counter(self.model_ids).items() if count > 1]
        if twice or "" in self.model_ids:
            raise DeploymentError(
                f"expected models of different names, got {', '.join(self.model_ids)}: "
                "the name in a score identifies the model that decided"
            )

    @property
    def model_ids(self) -> tuple[str, ...]:
        """The champion's, then the challengers'."""
        return self.champion.model_id, *(challenger.model_id for challenger in self.challengers)

    def to_record(self) -> dict[str, Any]:
        """Return it as a record of `control.avsc`."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Deployment:
        """Return what `to_record` was called on."""
        fields = dict(record)
        champion = Served(**fields.pop("champion"))
        challengers = tuple(Challenger(**challenger) for challenger in fields.pop("challengers"))
        return cls(**fields, champion=champion, challengers=challengers)
