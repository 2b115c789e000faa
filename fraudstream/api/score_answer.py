"""Response of a scoring request."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from fraudstream.api.score_book import Entry, State
from fraudstream.readers.reason_summary import summarized

REASON = {
    "code": "SPEED",
    "text": "the card moved faster than a person can",
    "feature": "speed_kmh",
    "value": 2310.4,
    "usual": None,
    "contribution": 2.31,
    "summary": "Moved at 2,310 km/h since the customer's last transaction",
    "strength": "strong",
}
SCORED = {
    "transaction_id": "8b6f7a52-5c0e-4d0c-9a53-0d1c6f6a9f11",
    "status": "SCORED",
    "decision": "BLOCK",
    "decided_by": "model",
    "score": 0.944,
    "scored_at": "2026-11-25T09:30:00.291Z",
    "model_id": "lightgbm-1a2b3c4d",
    "reasons": [REASON],
}
PENDING: dict[str, Any] = {
    "transaction_id": "8b6f7a52-5c0e-4d0c-9a53-0d1c6f6a9f11",
    "status": "PENDING",
    "decision": "REVIEW",
    "decided_by": "deadline",
    "score": None,
    "scored_at": None,
    "model_id": None,
    "reasons": [],
}


class ReasonAnswer(BaseModel):
    """Reason of a decision, see docs/reasons.md."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    text: str
    feature: str
    """feature of the code with the largest contribution"""
    value: float
    usual: float | None
    """the customer's usual value"""
    contribution: float | None
    """what the code adds to the log-odds of fraud"""
    summary: str
    """sentence for an analyst: what happened, and what is usual"""
    strength: Literal["strong", "moderate", "weak"] | None
    """by contribution; null of a rule, and where the model gives no contributions"""


class ScoreAnswer(BaseModel):
    """Decision on a transaction."""

    model_config = ConfigDict(use_attribute_docstrings=True, protected_namespaces=())

    transaction_id: str
    status: State
    """SCORED by the job, or PENDING: the job has not answered yet"""
    decision: Literal["APPROVE", "REVIEW", "BLOCK"]
    """what to do now; of a PENDING one api.fallback_decision, which is never APPROVE"""
    decided_by: Literal["model", "deadline"]
    """source of the decision"""
    score: float | None
    """fraud probability, 0 to 1"""
    scored_at: datetime | None
    model_id: str | None
    reasons: list[ReasonAnswer]
    """of REVIEW and BLOCK, the strongest first; empty where they come too late for this answer"""

    @classmethod
    def of(cls, entry: Entry, fallback: Literal["REVIEW", "BLOCK"]) -> Self:
        """Return the answer with all that is known of a transaction."""
        found = entry.decision
        if found is None:
            return cls(
                transaction_id=entry.transaction_id,
                status=entry.state,
                decision=fallback,
                decided_by="deadline",
                score=None,
                scored_at=None,
                model_id=None,
                reasons=[],
            )
        reasons = summarized(found)["reasons"] if "reasons" in found else []
        return cls(
            transaction_id=entry.transaction_id,
            status=entry.state,
            decision=found["decision"],
            decided_by="model",
            score=found["score"],
            scored_at=found["scored_at"],
            model_id=found["model_id"],
            reasons=[ReasonAnswer(**reason) for reason in reasons],
        )
