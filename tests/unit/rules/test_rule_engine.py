"""Precedence of rules, lists, snoozes and the model."""

import numpy as np
import pytest

from models.rules.rule_engine import MAX_RULES, RuleEngine
from models.scoring.decision import Decision
from schemas.rule_book import ACTION_NAMES, ListEntry, RuleError, RuleList, Snooze
from tests.records import NOON
from tests.unit.rules.batches import rule_batch
from tests.unit.rules.books import book, rule

APPROVE, REVIEW, BLOCK = Decision
LATER = NOON.replace(hour=18)
REVIEWS = rule("reviews", "amount > 10", "REVIEW")
BLOCKS = rule("blocks", "amount > 100", "BLOCK")
ALLOWS = rule("allows", "merchant_id in @known", "ALLOW")
KNOWN = (RuleList(name="known", entries=(ListEntry(value="m1"),)),)
SNOOZED = (Snooze(customer_id="c1", until=LATER),)
FULL = book(REVIEWS, BLOCKS, ALLOWS, lists=KNOWN, snoozes=SNOOZED)


def decide(decision, *, rule_book=FULL, **row):
    """Return the ruled decision on a transaction, given the model's, and the rules that raised it."""
    row = {"customer_id": "c9", "merchant_id": "m9", "event_time": NOON, **row}
    ruling = RuleEngine(rule_book).apply(rule_batch(row), np.array([decision], np.uint8))
    return ruling.decisions.item(), [found.rule.name for found in ruling.fired.get(0, ())]


@pytest.mark.parametrize("decision", [APPROVE, REVIEW, BLOCK])
def test_model_decides_where_no_rule_holds(decision):
    assert decide(decision, amount=1) == (decision, [])


@pytest.mark.parametrize(("decision", "ruled"), [(APPROVE, REVIEW), (REVIEW, REVIEW), (BLOCK, BLOCK)])
def test_reviewing_rule_raises_approvals_and_is_a_reason_of_more_severe_decisions(decision, ruled):
    assert decide(decision, amount=50) == (ruled, ["reviews"])


def test_blocking_rule_overrides_all():
    everything = {"amount": 500, "merchant_id": "m1", "customer_id": "c1"}
    assert decide(APPROVE, **everything) == (BLOCK, ["reviews", "blocks"])


@pytest.mark.parametrize("decision", [APPROVE, REVIEW, BLOCK])
def test_allowing_rule_overrides_the_model_and_reviewing_rules(decision):
    assert decide(decision, amount=50, merchant_id="m1") == (APPROVE, [])


@pytest.mark.parametrize(("decision", "reasons"), [(APPROVE, []), (REVIEW, ["watches"]), (BLOCK, ["watches"])])
def test_watching_rule_decides_nothing_and_is_a_reason_of_other_alerts(decision, reasons):
    watches = book(rule("watches", "amount > 10", "WATCH"))
    assert decide(decision, rule_book=watches, amount=50) == (decision, reasons)
    assert RuleEngine(watches).apply(rule_batch({"amount": 50}), np.array([decision], np.uint8)).hits == (1,)


@pytest.mark.parametrize(("decision", "ruled"), [(APPROVE, APPROVE), (REVIEW, APPROVE), (BLOCK, BLOCK)])
def test_snooze_suppresses_reviews_but_no_block(decision, ruled):
    assert decide(decision, amount=1, customer_id="c1")[0] == ruled
    assert decide(decision, amount=50, customer_id="c1")[0] == ruled


def test_snooze_ends_by_event_time():
    assert decide(REVIEW, amount=1, customer_id="c1", event_time=LATER)[0] == REVIEW


def test_rule_ends_by_event_time():
    ends = book(rule("ends", "amount > 10", expires=LATER))
    assert decide(APPROVE, rule_book=ends, amount=50) == (REVIEW, ["ends"])
    assert decide(APPROVE, rule_book=ends, amount=50, event_time=LATER) == (APPROVE, [])


def test_input_decisions_are_not_modified_and_every_hit_is_counted():
    given = np.array([APPROVE, BLOCK, APPROVE], np.uint8)
    rows = rule_batch({"amount": 500}, {"amount": 50, "merchant_id": "m1"}, {"amount": 1})
    ruling = RuleEngine(FULL).apply(rows, given)
    assert given.tolist() == [APPROVE, BLOCK, APPROVE]
    assert ruling.decisions.tolist() == [BLOCK, APPROVE, APPROVE]
    assert ruling.hits == (2, 1, 1)
    assert {row: [found.rule.name for found in rules] for row, rules in ruling.fired.items()} == {
        0: ["reviews", "blocks"]
    }
    assert {index: len(rules) for index, rules in ruling.fired_in(np.array([2, 0])).items()} == {1: 2}
    assert ruling.fired_in(None) is ruling.fired


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rules": (rule("twice", "is_night"), rule("twice", "is_night"))}, "expected rules of different names"),
        ({"rules": (rule("Night", "is_night"),)}, "expected names of a-z, 0-9 and _"),
        (
            {"rules": (rule("r", "is_night", "OTHER"),)},
            f"expected {ACTION_NAMES} as its action, got OTHER",
        ),
        ({"rules": (rule("r", "is_night", text="x" * 201),)}, "expected a text of 1 to 200 characters"),
        ({"rules": (rule("r", "is_night", text=""),)}, "expected a text of 1 to 200 characters"),
        ({"lists": (*KNOWN, *KNOWN)}, "expected lists of different names"),
        (
            {"lists": (RuleList(name="l", entries=(ListEntry(value="a"), ListEntry(value="a"))),)},
            "expected each value once in the list l, got more of a",
        ),
        ({"snoozes": (*SNOOZED, *SNOOZED)}, "expected each customer snoozed once, got more of c1"),
        ({"rules": tuple(rule(f"r{n}", "is_night") for n in range(MAX_RULES + 1))}, "expected at most 200 rules"),
    ],
)
def test_invalid_book_is_refused(changes, message):
    with pytest.raises(RuleError) as refused:
        RuleEngine(book(**changes))
    assert message in str(refused.value)
