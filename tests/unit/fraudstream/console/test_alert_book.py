import pytest

from fraudstream.console.alert_book import AlertBook, AlertFilter
from fraudstream.console.reviewed_labels import ReviewedLabels
from tests.unit.fraudstream.console.records import alert, label_of


@pytest.fixture
def labels():
    return ReviewedLabels(3)


@pytest.fixture
def book(labels):
    book = AlertBook(4, labels)
    for number, score in enumerate((0.6, 0.95, 0.7, 0.8)):
        assert book.add(alert(number, score=score, amount_minor=100 - number))
    return book


def listed(book, sort="newest", limit=10, **wanted):
    rows, count = book.choose(AlertFilter(**wanted), sort, limit)
    return [row["alert_id"] for row in rows], count


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("newest", ["a003", "a002", "a001", "a000"]),
        ("score", ["a001", "a003", "a002", "a000"]),
        ("amount", ["a000", "a001", "a002", "a003"]),
    ],
)
def test_alerts_are_listed_in_the_order_that_is_wanted(book, sort, names):
    assert listed(book, sort) == (names, 4)
    assert listed(book, sort, limit=2) == (names[:2], 4)


def test_a_repeated_alert_is_kept_once(book):
    assert not book.add(alert(2))
    assert len(book) == 4


def test_of_more_than_it_keeps_the_first_goes(book):
    book.add(alert(9))
    assert book.find("a000") is None
    assert not book.has_transaction("c0", "t000000")
    assert book.has_transaction("c0", "t000009")
    assert len(book) == 4


@pytest.mark.parametrize(
    ("wanted", "names"),
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
def test_filters_and_search(book, wanted, names):
    assert listed(book, **wanted)[0] == names


def test_states_follow_the_labels(book, labels):
    labels.add(label_of(alert(0), is_fraud=True))
    labels.add(label_of(alert(1), is_fraud=False))
    assert listed(book, state="open")[0] == ["a003", "a002"]
    assert listed(book, state="fraud")[0] == ["a000"]
    assert listed(book, state="genuine")[0] == ["a001"]
    assert book.find("a000")["label"]["is_fraud"] is True
    assert book.find("a003")["label"] is None


def test_the_later_label_of_a_transaction_holds_in_whatever_order_they_come(labels):
    for order in (1, -1):
        for seconds, is_fraud in [(60, True), (90, False)][::order]:
            labels.add(label_of(alert(order + 1), is_fraud=is_fraud, after_s=seconds))
        assert labels.find(alert(order + 1)["customer_id"], alert(order + 1)["transaction_id"]).is_fraud is False


def test_old_labels_go(labels):
    for number in range(4):
        labels.add(label_of(alert(number), is_fraud=True))
    assert labels.find("c0", "t000000") is None
    assert labels.find("c0", "t000003") is not None


def test_two_customers_with_one_transaction_id_have_each_their_label(book, labels):
    for customer, is_fraud in (("x", True), ("y", False)):
        found = alert(1, alert_id=f"of-{customer}", transaction_id="1", customer_id=customer)
        book.add(found)
        labels.add(label_of(found, is_fraud=is_fraud))
    assert [book.find(f"of-{customer}")["label"]["is_fraud"] for customer in "xy"] == [True, False]
