"""Rule books for tests."""

from datetime import UTC, datetime
from typing import Any

from schemas.rule_book import Action, Rule, RuleBook


def rule(name: str, when: str, action: Action = "REVIEW", **changes: Any) -> Rule:
    """Return a rule with its name as text."""
    return Rule(**{"name": name, "when": when, "action": action, "text": name.replace("_", " "), **changes})


def book(*rules: Rule, **changes: Any) -> RuleBook:
    """Return a book of these rules."""
    fields = {"book_id": "b1", "changed_at": datetime(2026, 1, 1, tzinfo=UTC), "changed_by": "tests", "reason": ""}
    return RuleBook(**{**fields, "rules": rules, **changes})
