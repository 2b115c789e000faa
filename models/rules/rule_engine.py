"""Rules applied to the decisions of a model."""

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from models.rules.compiled_rule import CompiledRule
from models.rules.condition import compile_condition, names_in
from models.rules.fields import RULE_NAMES
from models.rules.language import read_condition
from models.rules.lookup import FOR_EVER_MS, Lookup
from models.rules.rule_batch import RuleBatch
from models.rules.ruling import Fired, Ruling
from models.rules.vocabulary import Vocabulary
from models.scoring.decision import Decision
from schemas.control_id import id_problem
from schemas.rule_book import ACTION_NAMES, ACTIONS, LIST_NAME, Action, Rule, RuleBook, RuleError

MAX_RULES, MAX_TEXT = 200, 200
"""Limits per book, and on the characters of a rule's text: an alert carries the text of each rule that fired."""

Held = tuple[CompiledRule, NDArray[np.bool_]]
"""A rule that matches some rows of a batch, and the rows as a mask, (n,)."""

_BEFORE_SNOOZES: tuple[Action, ...] = ("REVIEW", "ALLOW")
_AFTER_SNOOZES: tuple[Action, ...] = ("BLOCK",)
"""Actions that change decisions, in the order in which they apply; snoozes apply between the two."""


class RuleEngine:
    """Applies a rule book to a model's decisions, batch by batch.

    BLOCK overrides everything. ALLOW overrides the model and REVIEW rules. A snooze turns the remaining reviews into
    approvals. REVIEW raises approvals of the model. WATCH changes no decision: its hits are counted, and it is a
    reason on alerts.

    Parameters
    ----------
    book : RuleBook
    vocabulary : Vocabulary
        Names that conditions may have.

    Raises
    ------
    RuleError
        The book is invalid; the message names the rule, the expected value and the one found.
    """

    def __init__(self, book: RuleBook, vocabulary: Vocabulary = RULE_NAMES) -> None:
        _check(book)
        self.book = book
        lists = {
            item.name: Lookup([entry.value for entry in item.entries], [entry.until for entry in item.entries])
            for item in book.lists
        }
        self.rules = tuple(_compiled(rule, lists, vocabulary) for rule in book.rules)
        self._snoozed = Lookup([item.customer_id for item in book.snoozes], [item.until for item in book.snoozes])

    def apply(self, batch: RuleBatch, decisions: NDArray[np.uint8], snoozed: Lookup | None = None) -> Ruling:
        """Apply the rules to the decisions of a model.

        Parameters
        ----------
        batch : RuleBatch, n rows
        decisions : ndarray of uint8, (n,)
            Values of `Decision`, by the model's thresholds; not modified.
        snoozed : Lookup or None
            Snoozed customers in addition to those of the book.
        """
        with np.errstate(all="ignore"):
            masks = tuple(rule.hits(batch) for rule in self.rules)
        hits = tuple(int(np.count_nonzero(mask)) for mask in masks)
        held = [(rule, mask) for rule, mask, count in zip(self.rules, masks, hits, strict=True) if count]
        final = decisions.copy()
        for action in _BEFORE_SNOOZES:
            _apply(action, held, final)
        for snoozes in (self._snoozed if self.book.snoozes else None, snoozed):
            if snoozes is not None:
                final[(final == Decision.REVIEW) & snoozes.find(batch, "customer_id")] = Decision.APPROVE
        for action in _AFTER_SNOOZES:
            _apply(action, held, final)
        return Ruling(decisions=final, fired=_fired(held, final), masks=masks, hits=hits)


def _apply(action: Action, held: list[Held], final: NDArray[np.uint8]) -> None:
    """Apply the rules with an action to decisions, in place."""
    for rule, mask in held:
        if rule.rule.action != action:
            continue
        match action:
            case "REVIEW":
                final[mask & (final == Decision.APPROVE)] = Decision.REVIEW
            case "BLOCK":
                final[mask] = Decision.BLOCK
            case "ALLOW":
                final[mask] = Decision.APPROVE
            case "WATCH":
                pass
            case _:
                assert_never(action)


def _is_reason(action: Action) -> bool:
    """Return whether a rule with an action is a reason on the alerts that it fires for."""
    match action:
        case "REVIEW" | "BLOCK" | "WATCH":
            return True
        case "ALLOW":
            return False
        case _:
            assert_never(action)


def _fired(held: list[Held], final: NDArray[np.uint8]) -> Fired:
    fired: dict[int, tuple[CompiledRule, ...]] = {}
    for rule, mask in held:
        if _is_reason(rule.rule.action):
            for row in np.flatnonzero(mask & (final != Decision.APPROVE)).tolist():
                fired[row] = (*fired.get(row, ()), rule)
    return fired


def _compiled(rule: Rule, lists: dict[str, Lookup], vocabulary: Vocabulary) -> CompiledRule:
    try:
        expression = read_condition(rule.when)
        holds = compile_condition(expression, lists, vocabulary)
    except RuleError as error:
        raise RuleError(f"rule {rule.name}: {error}") from None
    expires_ms = FOR_EVER_MS if rule.expires is None else round(rule.expires.timestamp() * 1000)
    return CompiledRule(rule=rule, holds=holds, names=tuple(names_in(expression)), expires_ms=expires_ms)


def _check(book: RuleBook) -> None:
    if problem := id_problem("book_id", book.book_id):
        raise RuleError(problem)
    if len(book.rules) > MAX_RULES:
        raise RuleError(f"expected at most {MAX_RULES} rules, got {len(book.rules)}: put values into lists")
    for rule in book.rules:
        if rule.action not in ACTIONS:
            raise RuleError(f"rule {rule.name}: expected {ACTION_NAMES} as its action, got {rule.action}")
        if not 0 < len(rule.text) <= MAX_TEXT:
            raise RuleError(
                f"rule {rule.name}: expected a text of 1 to {MAX_TEXT} characters for reviewers, got {len(rule.text)}"
            )
    for name in (*(rule.name for rule in book.rules), *(item.name for item in book.lists)):
        if not LIST_NAME.fullmatch(name):
            raise RuleError(f"expected names of a-z, 0-9 and _ with a letter first, 64 at most, got {name!r}")
    _once("rules of different names", (rule.name for rule in book.rules))
    _once("lists of different names", (item.name for item in book.lists))
    _once("each customer snoozed once", (item.customer_id for item in book.snoozes))
    for item in book.lists:
        _once(f"each value once in the list {item.name}", (entry.value for entry in item.entries))


def _once(expected: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise RuleError(f"expected {expected}, got more of {', '.join(twice[:5])}")
