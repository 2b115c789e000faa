"""Evaluation of a rule book on past transactions."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.scoring.decision import Decision
from schemas.rule_book import Action

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class RuleFigures:
    """Effect that one rule would have had.

    Attributes
    ----------
    hits : int
        Transactions that it holds for.
    share : float
        Of all transactions; 0 of none.
    labelled, frauds : int
        Of the hits those whose label is known, and the frauds among these.
    precision : float or None
        Frauds among the labelled hits; None where no hit is labelled.
    recall : float or None
        Share of all known frauds that it holds for; None where there are none.
    alone : int
        Hits that change the model's decision, were it the only rule: approved ones that it raises, reviewed ones that
        it blocks, or alerts that it allows.
    """

    name: str
    action: str
    hits: int
    share: float
    labelled: int
    frauds: int
    precision: float | None
    recall: float | None
    alone: int


@dataclass(frozen=True, kw_only=True)
class Alerted:
    """Alerts of the model alone, or with the rules: how many, the known frauds among them, and of what is labelled."""

    alerts: int
    labelled: int
    frauds: int


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """Effect that a rule book would have had on transactions that a model scored.

    Attributes
    ----------
    rules : list of RuleFigures
        In the order of the book.
    before, after : Alerted
        By the model alone, and with the book.
    added, removed : int
        Transactions that are alerted with the book alone, and by the model alone.
    """

    transactions: int
    labelled: int
    frauds: int
    rules: list[RuleFigures]
    before: Alerted
    after: Alerted
    added: int
    removed: int


class DryRunAccumulator:
    """Adds up what a rule book makes of batches of scored transactions."""

    def __init__(self, engine: RuleEngine) -> None:
        self._engine = engine
        self._of_rules = np.zeros((len(engine.rules), 4), np.int64)
        self._all, self._before, self._after = (np.zeros(3, np.int64) for _ in range(3))
        self._moved = np.zeros(2, np.int64)

    def add(self, batch: RuleBatch, decisions: NDArray[np.uint8], labelled: Mask, is_fraud: Mask) -> None:
        """Add n transactions.

        Parameters
        ----------
        decisions : ndarray of uint8, (n,)
            The model's.
        labelled, is_fraud : ndarray of bool, (n,)
            Whether it is known what became of each, and whether it was a fraud: False where that is not known.
        """

        def counted(rows: Mask) -> list[int]:
            return [int(np.count_nonzero(rows & of)) for of in (np.True_, labelled, is_fraud)]

        ruling = self._engine.apply(batch, decisions)
        before, after = decisions != Decision.APPROVE, ruling.decisions != Decision.APPROVE
        self._all += counted(np.ones(len(batch), np.bool_))
        self._before += counted(before)
        self._after += counted(after)
        self._moved += [np.count_nonzero(after & ~before), np.count_nonzero(before & ~after)]
        for number, (rule, mask) in enumerate(zip(self._engine.rules, ruling.masks, strict=True)):
            changed = np.count_nonzero(mask & _changeable(rule.rule.action, decisions))
            self._of_rules[number] += [*counted(mask), changed]

    def result(self) -> DryRun:
        """Return what was added up."""
        transactions, labelled, frauds = self._all.tolist()
        before, after = (
            Alerted(alerts=alerts, labelled=labelled, frauds=found)
            for alerts, labelled, found in (self._before.tolist(), self._after.tolist())
        )
        added, removed = self._moved.tolist()
        return DryRun(
            transactions=transactions,
            labelled=labelled,
            frauds=frauds,
            rules=[self._figures(number, transactions, frauds) for number in range(len(self._engine.rules))],
            before=before,
            after=after,
            added=added,
            removed=removed,
        )

    def _figures(self, number: int, transactions: int, frauds: int) -> RuleFigures:
        hits, labelled, found, alone = self._of_rules[number].tolist()
        rule = self._engine.rules[number].rule
        return RuleFigures(
            name=rule.name,
            action=rule.action,
            hits=hits,
            share=hits / transactions if transactions else 0.0,
            labelled=labelled,
            frauds=found,
            precision=found / labelled if labelled else None,
            recall=found / frauds if frauds else None,
            alone=alone,
        )


def _changeable(action: Action, decisions: NDArray[np.uint8]) -> Mask:
    """Return which decisions of a model an action would change, (n,)."""
    match action:
        case "ALLOW":
            changeable: Mask = decisions != Decision.APPROVE
        case "REVIEW":
            changeable = decisions < Decision.REVIEW
        case "BLOCK":
            changeable = decisions < Decision.BLOCK
        case "WATCH":
            changeable = np.zeros(len(decisions), np.bool_)
        case _:
            assert_never(action)
    return changeable
