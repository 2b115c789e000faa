"""Scores that arrive for waiting requests."""

import asyncio
import gc
from datetime import UTC, datetime

import pytest

from fraudstream.api.score_book import AmbiguousError, ConflictError, ScoreBook, State
from fraudstream.api.sender import UnavailableError

WHEN = datetime(2026, 11, 25, tzinfo=UTC)
SCORED = {"transaction_id": "t", "customer_id": "c", "scored_at": WHEN, "model_id": "m", "label_offsets": [3, 4]}
APPROVED = SCORED | {"decision": "APPROVE", "score": 0.01}
BLOCKED = SCORED | {"decision": "BLOCK", "score": 0.9}
ALERT = BLOCKED | {"reasons": ["why"]}


class TimedBook(ScoreBook):
    """A book whose clock the test sets."""

    def __init__(self):
        self.now_s = 0.0
        super().__init__(kept_s=10, max_entries=3, clock=lambda: self.now_s)


def in_loop(test):
    """Run a test in an event loop, with a new book."""

    def run():
        async def body():
            await test(TimedBook())

        asyncio.run(body())

    return run


@in_loop
async def test_approval_is_complete_with_its_score(book):
    entry, is_new = book.open("t", "c", b"f")
    assert is_new
    assert entry.state is State.PENDING
    book.add_score(APPROVED)
    assert entry.state is State.SCORED
    assert entry.complete.done()


@in_loop
async def test_alerted_score_and_its_reasons_may_arrive_in_either_sequence(book):
    entry, _ = book.open("t", "c", b"f")
    book.add_score(BLOCKED)
    assert entry.state is State.SCORED
    assert not entry.complete.done()
    book.add_alert(ALERT)
    assert entry.complete.done()
    assert entry.decision["reasons"] == ["why"]
    other, _ = book.open("u", "c", b"f")
    book.add_alert(ALERT | {"transaction_id": "u"})
    assert other.complete.done()


@in_loop
async def test_first_answer_is_kept(book):
    entry, _ = book.open("t", "c", b"f")
    book.add_score(APPROVED)
    book.add_score(BLOCKED)
    assert entry.decision["decision"] == "APPROVE"
    assert entry.decision["score"] == 0.01


@in_loop
async def test_garbage_collector_does_not_traverse_the_book(book):
    entry, _ = book.open("t", "c", b"f")
    book.add_score(APPROVED)
    assert gc.is_tracked(APPROVED)
    assert not gc.is_tracked(entry.score)


@in_loop
async def test_repeated_id_is_the_same_entry_and_a_conflict_with_another_body(book):
    entry, _ = book.open("t", "c", b"f")
    assert book.open("t", "c", b"f") == (entry, False)
    with pytest.raises(ConflictError):
        book.open("t", "c", b"g")


@in_loop
async def test_entries_are_dropped_by_age_and_by_number(book):
    for name in "abcd":
        book.open(name, "c", b"f")
    assert book.find("a") is None
    assert len(book) == 3
    book.now_s = 10.5
    assert book.find("d") is None
    assert len(book) == 0


@in_loop
async def test_customer_is_awaited_until_its_last_answer_is_complete(book):
    book.open("t", "c", b"f")
    book.open("u", "c", b"f")
    book.add_score(APPROVED)
    await asyncio.sleep(0)
    assert book.is_waited_for("c")
    book.add_score(APPROVED | {"transaction_id": "u"})
    await asyncio.sleep(0)
    assert not book.is_waited_for("c")


@in_loop
async def test_dropped_unanswered_entries_leave_nothing_behind(book):
    book.open("t", "c", b"f")
    book.now_s = 11
    book.find("t")
    await asyncio.sleep(0)
    assert not book.is_waited_for("c")
    book.add_score(APPROVED)
    assert book.find("t") is None


@in_loop
async def test_transaction_that_did_not_reach_the_broker_may_be_sent_again(book):
    entry, _ = book.open("t", "c", b"f")
    book.withdraw(entry, UnavailableError("gone"))
    assert isinstance(entry.complete.exception(), UnavailableError)
    assert book.open("t", "c", b"g")[1]


@in_loop
async def test_score_without_a_request_is_ignored(book):
    book.add_score(APPROVED)
    book.add_alert(ALERT)
    assert book.find("t") is None


@in_loop
async def test_same_id_of_two_customers_is_two_transactions_with_separate_answers(book):
    first, _ = book.open("t", "c", b"f")
    second, is_new = book.open("t", "d", b"g")
    assert is_new
    book.add_score(APPROVED | {"customer_id": "d", "score": 0.5})
    assert first.state is State.PENDING
    book.add_alert(ALERT)
    assert (first.decision["score"], second.decision["score"]) == (0.9, 0.5)
    assert (book.find("t", "c"), book.find("t", "d"), book.find("t", "e")) == (first, second, None)
    with pytest.raises(AmbiguousError):
        book.find("t")


@in_loop
async def test_id_is_unambiguous_once_the_other_customers_transaction_is_dropped(book):
    first, _ = book.open("t", "c", b"f")
    second, _ = book.open("t", "d", b"f")
    book.withdraw(first, UnavailableError("gone"))
    assert book.find("t") is second
    assert second.complete.done() is False
    book.now_s = 11
    assert book.find("t") is None
    assert book._customers == {}


@in_loop
async def test_late_failure_of_an_earlier_attempt_leaves_the_later_one(book):
    first, _ = book.open("t", "c", b"f")
    book.withdraw(first, UnavailableError("gone"))
    second, _ = book.open("t", "c", b"f")
    book.withdraw(first, UnavailableError("gone"))
    assert book.find("t") is second
