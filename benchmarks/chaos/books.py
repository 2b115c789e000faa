"""Rule books of a chaos run, with the same rules in plain Python for the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.scoring.decision import Decision
from schemas.rule_book import Rule

Decisions = tuple[Decision, frozenset[str]]
"""Decision, and rule codes of its alert."""


@dataclass(frozen=True, kw_only=True)
class ChaosBook:
    """Rule book, as a record and as a function.

    Parameters
    ----------
    rules
        Rules for the control topic.
    decide
        Function of an amount in minor units and the model's decision to the final decision and rule codes.
    """

    rules: tuple[Rule, ...]
    decide: Callable[[int, Decision], Decisions]


def without_rules(_amount_minor: int, decision: Decision) -> Decisions:
    """Return the model's decision, without a rule book."""
    return decision, frozenset()


def _review_large(amount_minor: int, decision: Decision) -> Decisions:
    if amount_minor < 20_000:
        return decision, frozenset()
    return max(decision, Decision.REVIEW), frozenset({"rule:large"})


def _block_large_allow_small(amount_minor: int, decision: Decision) -> Decisions:
    if amount_minor >= 40_000:
        return Decision.BLOCK, frozenset({"rule:very_large"})
    return (Decision.APPROVE if amount_minor < 1_000 else decision), frozenset()


BOOKS = (
    ChaosBook(
        rules=(Rule(name="large", when="amount >= 200", action="REVIEW", text="A large amount"),),
        decide=_review_large,
    ),
    ChaosBook(
        rules=(
            Rule(name="very_large", when="amount >= 400", action="BLOCK", text="A very large amount"),
            Rule(name="cheap", when="amount < 10", action="ALLOW", text="A small amount"),
        ),
        decide=_block_large_allow_small,
    ),
)
