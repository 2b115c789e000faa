"""Alerts that the console lists."""

import pytest

from fraudstream.console.alert_book import AlertBook, AlertFilter
from fraudstream.console.reviewed_labels import ReviewedLabels
from tests.unit.fraudstream.console.records import alert, label_of


@pytest.fixture
def reviewed_labels():
    return ReviewedLabels(3)


@pytest.fixture
def book(reviewed_labels):
    book = AlertBook(4, reviewed_labels)
    for number, score in enumerate((0.6, 0.95, 0.7, 0.8)):
        assert book.add(alert(number, score=score, amount_minor=100 - number))
    return book


def listed(book, sort="newest", limit=10, **filters):
    rows, count = book.choose(AlertFilter(**filters), sort, limit)
    return [row["alert_id"] for row in rows], count


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("newest", ["a003", "a002", "a001", "a000"]),
        ("score", ["a001", "a003", "a002", "a000"]),
        ("amount", ["a000", "a001", "a002", "a003"]),
    ],
)
def test_alerts_are_listed_in_the_requested_sequence(book, sort, names):
    assert listed(book, sort) == (names, 4)
    assert listed(book, sort, limit=2) == (names[:2], 4)


def test_repeated_alert_is_kept_once(book):
    assert not book.add(alert(2))
    assert len(book) == 4


def test_oldest_alert_is_dropped_beyond_the_limit(book):
    book.add(alert(9))
    assert book.find("a000") is None
    assert not book.has_transaction("c0", "t000000")
    assert book.has_transaction("c0", "t000009")
    assert len(book) == 4


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"text": "C1"}, ["a001"]),
        ({"text": "t000002"}, ["a002"]),
        ({"text": "onerror"}, ["a003", "a002", "a001", "a000"]),
        ({"text": "amount"}, ["a003", "a002", "a001", "a000"]),
        ({"text": "nothing like it"}, []),
        ({"decision": "BLOCK"}, ["a003", "a001"]),
        ({"min_score": 0.75}, ["a003", "a001"]),
        ({"decision": "REVIEW", "text": "c2"}, ["a002"]),
    ],
)
def test_filters_and_search(book, filters, names):
    assert listed(book, **filters)[0] == names


def test_states_follow_the_labels(book, reviewed_labels):
    reviewed_labels.add(label_of(alert(0), is_fraud=True))
    reviewed_labels.add(label_of(alert(1), is_fraud=False))
    assert listed(book, state="open")[0] == ["a003", "a002"]
    assert listed(book, state="fraud")[0] == ["a000"]
    assert listed(book, state="genuine")[0] == ["a001"]
    assert book.find("a000")["label"]["is_fraud"] is True
    assert book.find("a003")["label"] is None


def test_later_label_of_a_transaction_counts_whichever_arrives_first(reviewed_labels):
    for step in (1, -1):
        for seconds, is_fraud in [(60, True), (90, False)][::step]:
            reviewed_labels.add(label_of(alert(step + 1), is_fraud=is_fraud, after_s=seconds))
        assert reviewed_labels.find(alert(step + 1)["customer_id"], alert(step + 1)["transaction_id"]).is_fraud is False


def test_old_labels_are_dropped(reviewed_labels):
    for number in range(4):
        reviewed_labels.add(label_of(alert(number), is_fraud=True))
    assert reviewed_labels.find("c0", "t000000") is None
    assert reviewed_labels.find("c0", "t000003") is not None


def test_labels_of_two_customers_with_the_same_transaction_id_are_separate(book, reviewed_labels):
    for customer, is_fraud in (("x", True), ("y", False)):
        found = alert(1, alert_id=f"of-{customer}", transaction_id="1", customer_id=customer)
        book.add(found)
        reviewed_labels.add(label_of(found, is_fraud=is_fraud))
    assert [book.find(f"of-{customer}")["label"]["is_fraud"] for customer in "xy"] == [True, False]
