"""Array operations give the same results as plain Python on single transactions."""

import numpy as np
from hypothesis import given, settings

from models.rules.language import read_condition
from models.rules.rule_engine import RuleEngine
from tests.property.rules.conditions import LISTS, as_text, batch_of, conditions, transactions
from tests.property.rules.naive import holds
from tests.unit.rules.books import book, rule

ENDS = {item.name: {entry.value: entry.until for entry in item.entries} for item in LISTS}


@settings(max_examples=300, deadline=None)
@given(condition=conditions, rows=transactions)
def test_rule_holds_for_the_transactions_of_the_naive_one(condition, rows):
    engine = RuleEngine(book(rule("found", as_text(condition)), lists=LISTS))
    ruling = engine.apply(batch_of(rows), np.zeros(len(rows), np.uint8))
    assert ruling.masks[0].tolist() == [holds(condition, row, ENDS) for row in rows]


@settings(max_examples=200, deadline=None)
@given(condition=conditions)
def test_written_condition_is_parsed_with_the_same_meaning(condition):
    once = as_text(read_condition(as_text(condition)))
    assert as_text(read_condition(once)) == once
