"""Rule books of the harness, and the same rules in plain Python: the oracle shares no code with the rule engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.scoring.decision import Decision
from schemas.rule_book import Rule

Decisions = tuple[Decision, frozenset[str]]
"""A decision, and the codes of the rules that an alert on it names."""


@dataclass(frozen=True, kw_only=True)
class ChaosBook:
    """A rule book, twice: as the job is given it, and as a function.

    Parameters
    ----------
    rules
        For the control topic.
    decide
        Maps an amount in minor units and the model's decision to what the rules make of them.
    """

    rules: tuple[Rule, ...]
    decide: Callable[[int, Decision], Decisions]


def without_rules(_amount_minor: int, decision: Decision) -> Decisions:
    """Return the model's decision: there is no rule book yet."""
    return decision, frozenset()


def _review_dear(amount_minor: int, decision: Decision) -> Decisions:
    if amount_minor < 20_000:
        return decision, frozenset()
    return max(decision, Decision.REVIEW), frozenset({"rule:dear"})


def _block_dear_allow_cheap(amount_minor: int, decision: Decision) -> Decisions:
    if amount_minor >= 40_000:
        return Decision.BLOCK, frozenset({"rule:very_dear"})
    return (Decision.APPROVE if amount_minor < 1_000 else decision), frozenset()


BOOKS = (
    ChaosBook(
        rules=(Rule(name="dear", when="amount >= 200", action="REVIEW", text="A large amount"),),
        decide=_review_dear,
    ),
    ChaosBook(
        rules=(
            Rule(name="very_dear", when="amount >= 400", action="BLOCK", text="A very large amount"),
            Rule(name="cheap", when="amount < 10", action="ALLOW", text="A small amount"),
        ),
        decide=_block_dear_allow_cheap,
    ),
)
