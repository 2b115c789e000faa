"""Differences of rule books."""

from datetime import UTC, datetime

from fraudstream.rules.rule_changes import rule_changes
from schemas.rule_book import ListEntry, RuleList, Snooze
from tests.unit.rules.books import book, rule

SOON, LATER = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
NIGHT = rule("night", "is_night")


def listed(*values, until=None):
    return RuleList(name="some", entries=tuple(ListEntry(value=value, until=until) for value in values))


def test_first_book_is_all_new():
    assert rule_changes(book(), book(NIGHT, lists=(listed("a", "b"),))) == [
        "+ rule night: REVIEW when is_night",
        "+ list some: 2 entries",
    ]


def test_same_rules_of_another_user_change_nothing():
    assert rule_changes(book(NIGHT), book(NIGHT, book_id="b2", changed_by="jane", reason="again")) == []


def test_removed_and_changed_items_are_listed():
    before = book(
        NIGHT, rule("old", "amount > 3"), lists=(listed("a", "b"),), snoozes=(Snooze(customer_id="c", until=SOON),)
    )
    after = book(
        rule("night", "is_night", "BLOCK", expires=LATER),
        lists=(RuleList(name="some", entries=(ListEntry(value="b", until=SOON), ListEntry(value="c"))),),
        snoozes=(Snooze(customer_id="c", until=LATER),),
    )
    assert rule_changes(before, after) == [
        "- rule old: REVIEW when amount > 3",
        "~ rule night: BLOCK when is_night, until 2026-12-02 00:00 (was: rule night: REVIEW when is_night)",
        "~ list some: +1 -1 ~1",
        "~ snooze c until 2026-12-02 00:00 (was: snooze c until 2026-12-01 00:00)",
    ]


def test_changed_text_is_a_change():
    assert rule_changes(book(NIGHT), book(rule("night", "is_night", text="At night"))) == [
        "~ rule night: 'At night' (was: 'night')"
    ]
