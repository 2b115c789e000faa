"""Dry runs of rules."""

import numpy as np
import pyarrow as pa

from models.rules.dry_run import Alerted, DryRunAccumulator, Money, RuleFigures
from models.rules.rule_engine import RuleEngine
from models.scoring.decision import Decision
from schemas.rule_book import ListEntry, RuleList
from tests.unit.rules.batches import rule_batch
from tests.unit.rules.books import book, rule

BOOK = book(
    rule("large", "amount > 100", "BLOCK"),
    rule("odd", "amount > 10", "REVIEW"),
    rule("known", "merchant_id in @known", "ALLOW"),
    rule("never", "amount > 1000"),
    lists=(RuleList(name="known", entries=(ListEntry(value="good"),)),),
)
ROWS = (
    # amount, merchant, the model's decision, labelled, fraud
    (500, "m", Decision.APPROVE, True, True),
    (500, "m", Decision.REVIEW, True, False),
    (50, "m", Decision.APPROVE, False, False),
    (5, "m", Decision.APPROVE, True, True),
    (5, "good", Decision.REVIEW, True, False),
    (5, "good", Decision.APPROVE, True, False),
    (5, "m", Decision.BLOCK, True, True),
)
CURRENCIES = ("EUR", "EUR", "EUR", "EUR", "USD", "EUR", "EUR")


def dry_run(*cuts, currencies=CURRENCIES):
    """Run the book on all rows, cut into batches."""
    tally = DryRunAccumulator(RuleEngine(BOOK))
    for start, end in zip((0, *cuts), (*cuts, len(ROWS)), strict=True):
        rows = ROWS[start:end]
        batch = rule_batch(*({"amount": amount, "merchant_id": merchant} for amount, merchant, *_ in rows))
        decisions, labelled, fraud = (np.array([row[column] for row in rows]) for column in (2, 3, 4))
        codes = currencies and pa.array(currencies[start:end])
        tally.add(batch, decisions.astype(np.uint8), labelled, fraud, codes)
    return tally.result()


def test_figures_are_those_counted_by_hand():
    found = dry_run()
    assert (found.transactions, found.labelled, found.frauds) == (7, 6, 3)
    assert found.before == Alerted(alerts=3, labelled=3, frauds=1)
    assert found.after == Alerted(alerts=4, labelled=3, frauds=2)
    assert (found.added, found.removed) == (2, 1)
    large, odd, known, never = found.rules
    assert large == RuleFigures(
        name="large", action="BLOCK", hits=2, share=2 / 7, labelled=2, frauds=1, precision=1 / 2, recall=1 / 3, alone=2,
        money={"EUR": Money(frauds=500, genuine=500)},
    )  # fmt: skip
    assert (odd.hits, odd.labelled, odd.frauds, odd.alone) == (3, 2, 1, 2)
    assert (known.hits, known.precision, known.recall, known.alone) == (2, 0, 0, 1)
    assert (never.hits, never.share, never.precision, never.recall) == (0, 0, None, 0)


def test_money_is_that_of_labelled_transactions_by_currency():
    found = dry_run()
    assert found.money_added == {"EUR": Money(frauds=500, genuine=0)}
    assert found.money_removed == {"USD": Money(frauds=0, genuine=5)}
    assert [item.money for item in found.rules[1:]] == [{"EUR": Money(frauds=500, genuine=0)}, found.money_removed, {}]
    without = dry_run(currencies=None)
    assert (without.money_added, without.money_removed, without.rules[0].money) == ({}, {}, {})


def test_figures_do_not_depend_on_batches():
    assert dry_run(1, 4) == dry_run()


def test_empty_dry_run_has_no_figures():
    found = DryRunAccumulator(RuleEngine(BOOK)).result()
    assert (found.transactions, found.rules[0].share, found.rules[0].recall) == (0, 0, None)


def test_watching_rule_changes_no_decision():
    tally = DryRunAccumulator(RuleEngine(book(rule("watches", "amount > 10", "WATCH"))))
    tally.add(rule_batch({"amount": 50}), np.array([Decision.APPROVE], np.uint8), np.array([True]), np.array([True]))
    found = tally.result()
    assert (found.rules[0].hits, found.rules[0].alone, found.added) == (1, 0, 0)
