"""Evaluation of a rule book on past transactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.scoring.decision import Decision
from schemas.rule_book import Action

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Money:
    """Amounts of transactions of one currency, in major units: of known frauds, and of those known to be none."""

    frauds: float
    genuine: float


ByCurrency = Mapping[str, Money]
"""By ISO code; a currency without any amount is left out."""


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
    money : mapping of str to Money
        Of the labelled ones among these; empty where the currencies are not known.
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
    money: ByCurrency


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
    money_added, money_removed : mapping of str to Money
        Of the labelled ones among these; empty where the currencies are not known.
    """

    transactions: int
    labelled: int
    frauds: int
    rules: list[RuleFigures]
    before: Alerted
    after: Alerted
    added: int
    removed: int
    money_added: ByCurrency
    money_removed: ByCurrency


class DryRunAccumulator:
    """Adds up what a rule book makes of batches of scored transactions."""

    def __init__(self, engine: RuleEngine) -> None:
        self._engine = engine
        self._of_rules = np.zeros((len(engine.rules), 4), np.int64)
        self._all, self._before, self._after = (np.zeros(3, np.int64) for _ in range(3))
        self._moved = np.zeros(2, np.int64)
        self._money: dict[str, NDArray[np.float64]] = {}

    def add(
        self,
        batch: RuleBatch,
        decisions: NDArray[np.uint8],
        labelled: Mask,
        is_fraud: Mask,
        currencies: pa.Array | None = None,
    ) -> None:
        """Add n transactions.

        Parameters
        ----------
        decisions : ndarray of uint8, (n,)
            The model's.
        labelled, is_fraud : ndarray of bool, (n,)
            Whether it is known what became of each, and whether it was a fraud: False where that is not known.
        currencies : pyarrow string array, (n,), or None
            ISO codes; None where they are not known.
        """

        def counted(rows: Mask) -> list[int]:
            return [int(np.count_nonzero(rows & of)) for of in (np.True_, labelled, is_fraud)]

        ruling = self._engine.apply(batch, decisions)
        before, after = decisions != Decision.APPROVE, ruling.decisions != Decision.APPROVE
        self._all += counted(np.ones(len(batch), np.bool_))
        self._before += counted(before)
        self._after += counted(after)
        moved = [after & ~before, before & ~after]
        self._moved += [np.count_nonzero(rows) for rows in moved]
        changed = []
        for number, (rule, mask) in enumerate(zip(self._engine.rules, ruling.masks, strict=True)):
            changed.append(mask & _changeable(rule.rule.action, decisions))
            self._of_rules[number] += [*counted(mask), np.count_nonzero(changed[-1])]
        if currencies is not None:
            amounts = np.nan_to_num(batch.number("amount").astype(np.float64))
            self._add_money([*changed, *moved], [is_fraud, labelled & ~is_fraud], amounts, currencies)

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
            money_added=self._money_of(len(self._engine.rules)),
            money_removed=self._money_of(len(self._engine.rules) + 1),
        )

    def _add_money(
        self, changes: list[Mask], outcomes: list[Mask], amounts: NDArray[np.float64], currencies: pa.Array
    ) -> None:
        encoded = pc.dictionary_encode(currencies)
        codes, names = encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()
        for row, rows in enumerate(changes):
            for column, outcome in enumerate(outcomes):
                some = rows & outcome
                sums = np.bincount(codes[some], amounts[some], minlength=len(names))
                for name, found in zip(names, sums.tolist(), strict=True):
                    if found:
                        self._money.setdefault(name, np.zeros((len(changes), len(outcomes))))[row, column] += found

    def _money_of(self, row: int) -> ByCurrency:
        found = {name: sums[row].round(2).tolist() for name, sums in sorted(self._money.items()) if sums[row].any()}
        return {name: Money(frauds=frauds, genuine=genuine) for name, (frauds, genuine) in found.items()}

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
            money=self._money_of(number),
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
