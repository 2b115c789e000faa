"""Differences of rule books."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.rule_book import Rule, RuleBook, RuleList


def rule_changes(before: RuleBook, after: RuleBook) -> list[str]:
    """Return one line per difference of two rule books: + added, - removed, ~ changed."""
    return [
        *_changes(_named(before.rules), _named(after.rules)),
        *_changes(_named(before.lists), _named(after.lists)),
        *_changes(_snoozed(before), _snoozed(after)),
    ]


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    added = [f"+ {_text(after[name])}" for name in after if name not in before]
    removed = [f"- {_text(before[name])}" for name in before if name not in after]
    both = [name for name in after if name in before and before[name] != after[name]]
    return [*added, *removed, *(f"~ {_difference(before[name], after[name])}" for name in both)]


def _named(items: Iterable[Rule | RuleList]) -> dict[str, Rule | RuleList]:
    return {item.name: item for item in items}


def _snoozed(book: RuleBook) -> dict[str, str]:
    return {item.customer_id: f"snooze {item.customer_id} until {item.until:%Y-%m-%d %H:%M}" for item in book.snoozes}


def _text(item: Rule | RuleList | str) -> str:
    if isinstance(item, Rule):
        ends = f", until {item.expires:%Y-%m-%d %H:%M}" if item.expires else ""
        return f"rule {item.name}: {item.action} when {item.when}{ends}"
    if isinstance(item, RuleList):
        return f"list {item.name}: {len(item.entries):,} entries"
    return item


def _difference(before: Rule | RuleList | str, after: Rule | RuleList | str) -> str:
    if isinstance(before, RuleList) and isinstance(after, RuleList):
        old, new = ({entry.value: entry.until for entry in item.entries} for item in (before, after))
        moved = sum(old[value] != new[value] for value in old.keys() & new.keys())
        return f"list {after.name}: +{len(new.keys() - old.keys())} -{len(old.keys() - new.keys())} ~{moved}"
    if isinstance(before, Rule) and isinstance(after, Rule) and _text(before) == _text(after):
        return f"rule {after.name}: {after.text!r} (was: {before.text!r})"
    return f"{_text(after)} (was: {_text(before)})"
