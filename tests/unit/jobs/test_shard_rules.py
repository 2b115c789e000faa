"""Rule books on a shard, with in-memory state; real state is tested in integration."""

from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from jobs.operators.rule_reader import RuleReader
from models.rules.rule_engine import RuleEngine
from models.scoring.decision import Decision
from schemas.rule_book import Snooze
from tests.records import NOON, NOON_MS
from tests.unit.jobs.rule_shard import (
    BOOKS,
    LATER,
    Shard,
    encoded,
    reported,
    scored,
    shard_state,
    snoozed,
)
from tests.unit.rules.books import book, rule
from tests.unit.training.aggregate_histories import declaration

ALL = rule("all", "amount >= 0", "BLOCK")
REVIEW_ALL = rule("all", "amount >= 0", "REVIEW")


def test_batch_is_unchanged_without_a_rule_book():
    shard = Shard()
    assert shard.begin() == []
    records, batch = scored()
    assert shard.rules.rule(records, batch) == (batch, None)


def test_book_applies_from_the_next_batch_on_and_leaves_the_models_batch_unchanged():
    shard = Shard()
    assert shard.apply(book(ALL)) == [("RULES", "b1", 4, "")]
    records, batch = scored()
    ruled, ruling = shard.rules.rule(records, batch)
    assert {*ruled.decisions.tolist()} == {Decision.BLOCK}
    assert {*batch.decisions.tolist()} != {Decision.BLOCK}
    assert ruled.x is batch.x
    assert np.array_equal(ruled.scores, batch.scores)
    assert shard.counts.hits == [], "it may not hold yet"
    shard.rules.count(ruling)
    assert len(ruling.fired) == shard.counts.hits[0][0] == 50


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("ip_cards_24h >= 0", [0, 1]),
        ("ip_cards_24h > 2", [1]),
        ("missing(ip_cards_24h)", [2]),
        ("risk_mean_7d < 0", [0]),
        ("missing(risk_mean_7d)", [1]),
    ],
)
def test_rule_names_a_feature_of_the_declaration(condition, rows):
    shard = Shard(declaration=declaration())
    shard.apply(book(rule("own", condition)))
    records, batch = scored()
    ip_cards, risk_mean = [0, 3, -1], [-1, -1e9, 2.5]
    declared_x = np.array([[cards, 0, 0, 0, risk] for cards, risk in zip(ip_cards, risk_mean, strict=True)], np.float32)
    _, ruling = shard.rules.rule(records.slice(0, 3), batch.part(slice(0, 3)), declared_x)
    assert sorted(ruling.fired) == rows


def test_refused_book_leaves_the_previous_one_in_force():
    shard = Shard()
    shard.apply(book(ALL))
    ((kind, book_id, _, detail),) = shard.apply(book(rule("wrong", "amuont > 3"), book_id="b2"))
    assert (kind, book_id, shard.counts.refusals) == ("RULES_REFUSED", "b2", 1)
    assert "did you mean amount?" in detail
    assert shard.decisions()[0] == {"BLOCK"}
    assert shard.state.rules.value() == encoded(book(ALL))


@pytest.mark.parametrize("payload", [b"", b"\x00\x00\x00\x00\x0c", b"\x00\x00\x00\xff\xffx"])
def test_record_that_is_no_book_is_refused(payload):
    shard = Shard()
    ((kind, book_id, _, detail),) = shard.apply_raw(payload)
    assert (kind, book_id) == ("RULES_REFUSED", "")
    assert detail
    assert shard.state.rules.value() is None


def test_restored_shard_keeps_its_book():
    shard = Shard()
    shard.apply(book(ALL))
    restored = Shard(shard.state)
    assert restored.begin() == [("RULES", "b1", 4, "")]
    assert restored.decisions()[0] == {"BLOCK"}


def test_restored_book_that_is_now_refused_is_reported_and_kept():
    shard = Shard()
    shard.state.rules.update(encoded(book(rule("gone", "feature_of_another_version > 3"))))
    ((kind, *_),) = shard.begin()
    assert kind == "RULES_REFUSED"
    assert shard.decisions()[1] is None
    assert shard.state.rules.value() is not None, "another version may follow it"


def test_empty_book_removes_the_rules():
    shard = Shard()
    shard.apply(book(ALL))
    assert shard.apply(book()) == [("RULES", "b1", 4, "")]
    assert shard.decisions()[1] is None


def test_book_of_snoozes_alone_is_applied():
    shard = Shard()
    customer = scored()[0].column("customer_id")[0].as_py()
    shard.apply(book(snoozes=(Snooze(customer_id=customer, until=NOON),)))
    assert shard.decisions()[1] is not None


def test_book_is_parsed_while_scoring_continues_and_is_in_state_meanwhile():
    shard, requests = Shard(), {}
    shard.rules._reader = SimpleNamespace(request=lambda payload: requests.setdefault(payload, Future()))
    shard.rules.apply(encoded(book(ALL)))
    assert reported(shard.rules.poll(NOON_MS)) == []
    assert shard.rules.next_poll_ms(NOON_MS) is not None
    assert shard.state.pending_rules.value() == encoded(book(ALL))
    restored = Shard(shard.state)
    assert restored.begin() == []
    restored.reader.request(encoded(book(ALL))).result(30)
    assert reported(restored.rules.poll(NOON_MS)) == [("RULES", "b1", 4, "")]
    assert shard.state.pending_rules.value() is None
    assert restored.rules.next_poll_ms(NOON_MS) is None


def test_later_of_two_books_decides():
    shard, requests = Shard(), {}
    shard.rules._reader = SimpleNamespace(request=lambda payload: requests.setdefault(payload, Future()))
    later = book(book_id="b2")
    for rule_book in (book(ALL), later):
        shard.rules.apply(encoded(rule_book))
    requests[encoded(book(ALL))].set_result(shard.reader.request(encoded(book(ALL))).result(30))
    assert reported(shard.rules.poll(NOON_MS)) == []
    requests[encoded(later)].set_result(shard.reader.request(encoded(later)).result(30))
    assert reported(shard.rules.poll(NOON_MS)) == [("RULES", "b2", 4, "")]
    assert shard.state.rules.value() == encoded(later)


def test_book_displaced_by_one_of_other_shards_is_requested_again():
    shard, requests = Shard(), []
    shard.rules._reader = SimpleNamespace(
        request=lambda payload: requests.append((payload, Future())) or requests[-1][1]
    )
    shard.rules.apply(encoded(book(ALL)))
    requests[0][1].cancel()
    assert reported(shard.rules.poll(NOON_MS)) == []
    assert [payload for payload, _ in requests] == [encoded(book(ALL))] * 2
    requests[1][1].set_result(shard.reader.request(encoded(book(ALL))).result(30))
    assert reported(shard.rules.poll(NOON_MS)) == [("RULES", "b1", 4, "")]


def test_fresh_shard_starts_with_the_rules_in_force_and_a_restored_one_with_its_own():
    first = encoded(book(ALL))
    shard = Shard()
    assert shard.begin(first) == [("RULES", "b1", 4, "")]
    assert shard.decisions()[0] == {"BLOCK"}
    shard.apply(book(book_id="b2"))
    restored = Shard(shard.state)
    assert restored.begin(first) == [("RULES", "b2", 4, "")]


def test_book_that_fails_for_a_plain_transaction_is_refused(monkeypatch):
    def fail(*_arguments):
        raise ZeroDivisionError("of the rule")

    monkeypatch.setattr(RuleEngine, "apply", fail)
    ((kind, *_, detail),) = Shard().apply(book(ALL))
    assert (kind, detail) == ("RULES_REFUSED", "of the rule")


def test_book_that_is_slow_at_the_start_is_refused_and_applied_once_parsed():
    state = shard_state()
    state.rules.update(encoded(book(ALL)))
    shard = Shard(state)
    may_read = Event()
    read = shard.reader._read
    shard.reader = shard.rules._reader = RuleReader(BOOKS, max_wait_s=0)
    shard.reader._read = lambda payload: may_read.wait(60) and read(payload)
    ((kind, _, _, detail),) = shard.begin()
    assert kind == "RULES_REFUSED"
    assert "within 0 s" in detail
    assert state.pending_rules.value() == encoded(book(ALL))
    may_read.set()
    shard.reader.request(encoded(book(ALL))).result(30)
    assert reported(shard.rules.poll(NOON_MS)) == [("RULES", "b1", 4, "")]
    assert shard.decisions()[0] == {"BLOCK"}


def approved(shard):
    """Return the customers whose transactions are all approved, and all customers."""
    records, batch = scored()
    ruled, _ = shard.rules.rule(records, batch)
    customers = records.column("customer_id").to_pylist()
    raised = {
        name for name, value in zip(customers, ruled.decisions.tolist(), strict=True) if value != Decision.APPROVE
    }
    return set(customers) - raised, set(customers)


def test_snooze_silences_only_its_customer_and_is_answered_by_its_id():
    shard = Shard()
    shard.begin()
    shard.apply(book(REVIEW_ALL))
    customer = scored()[0].column("customer_id")[0].as_py()
    assert shard.snooze(customer, snoozed(customer, LATER)) == [("RULES", "s1", 4, "")]
    assert approved(shard)[0] == {customer}


def test_snoozes_of_several_customers_stay_in_force_under_a_later_book():
    shard = Shard()
    shard.begin()
    customers = sorted(approved(shard)[1])[:2]
    for customer in customers:
        shard.snooze(customer, snoozed(customer, LATER))
    shard.apply(book(REVIEW_ALL))
    assert approved(shard)[0] == {*customers}


def test_snooze_without_a_book_suppresses_reviews_of_the_model():
    shard = Shard()
    shard.begin()
    records, batch = scored()
    batch = replace(batch, decisions=np.full(len(records), Decision.REVIEW, np.uint8))
    customer = records.column("customer_id")[0].as_py()
    shard.snooze(customer, snoozed(customer, LATER))
    ruled, ruling = shard.rules.rule(records, batch)
    shard.rules.count(ruling)
    theirs = np.array([name == customer for name in records.column("customer_id").to_pylist()])
    assert {*ruled.decisions[theirs].tolist()} == {Decision.APPROVE}
    assert {*ruled.decisions[~theirs].tolist()} == {Decision.REVIEW}


def test_blocked_transaction_of_a_snoozed_customer_stays_blocked():
    shard = Shard()
    shard.begin()
    shard.apply(book(ALL))
    customer = scored()[0].column("customer_id")[0].as_py()
    shard.snooze(customer, snoozed(customer, LATER))
    assert approved(shard)[0] == set()


@pytest.mark.parametrize("ending", ["tombstone", "record"])
def test_snooze_ends_with_a_tombstone_and_with_a_record_without_an_end(ending):
    shard = Shard()
    shard.begin()
    shard.apply(book(REVIEW_ALL))
    customer = scored()[0].column("customer_id")[0].as_py()
    shard.snooze(customer, snoozed(customer, LATER))
    if ending == "tombstone":
        assert shard.snooze(customer, b"") == []
    else:
        assert shard.snooze(customer, snoozed(customer, None, "s2")) == [("RULES", "s2", 4, "")]
    assert approved(shard)[0] == set()
    assert shard.state.snoozes == {}


def test_restored_shard_keeps_its_snoozes():
    shard = Shard()
    shard.begin()
    shard.apply(book(REVIEW_ALL))
    customer = scored()[0].column("customer_id")[0].as_py()
    shard.snooze(customer, snoozed(customer, LATER))
    restored = Shard(shard.state)
    restored.begin()
    assert approved(restored)[0] == {customer}


def test_snooze_counts_before_its_end_by_event_time_and_is_removed_a_month_later():
    shard = Shard()
    shard.begin()
    shard.apply(book(REVIEW_ALL))
    records = scored()[0]
    customer, other = sorted(set(records.column("customer_id").to_pylist()))[:2]
    first = records.column("event_time")[0].as_py()
    shard.snooze(customer, snoozed(customer, first))
    shard.snooze(other, snoozed(other, first - timedelta(days=40)))
    assert approved(shard)[0] == set()
    assert {*shard.state.snoozes} == {customer, other}, "nothing was known of the time"
    shard.snooze("c-new", snoozed("c-new", LATER))
    approved(shard)
    assert {*shard.state.snoozes} == {customer, "c-new"}


@pytest.mark.parametrize("payload", [b"test", b"\x00\x00\x00\x00\x19", b"\x00\x00\x00\xff\xffx"])
def test_record_that_is_no_snooze_is_refused_and_the_previous_one_stays(payload):
    shard = Shard()
    shard.begin()
    shard.apply(book(REVIEW_ALL))
    customer = scored()[0].column("customer_id")[0].as_py()
    shard.snooze(customer, snoozed(customer, LATER))
    ((kind, snooze_id, _, detail),) = shard.snooze(customer, payload)
    assert (kind, snooze_id, shard.counts.refusals) == ("RULES_REFUSED", "", 1)
    assert detail
    assert approved(shard)[0] == {customer}


def test_snooze_under_the_key_of_another_customer_is_refused():
    shard = Shard()
    shard.begin()
    ((kind, snooze_id, _, detail),) = shard.snooze("c-1", snoozed("c-2", LATER))
    assert (kind, snooze_id) == ("RULES_REFUSED", "s1")
    assert "expected the record of its key, c-1, got that of c-2" in detail
    assert shard.state.snoozes == {}


def test_fresh_shard_starts_with_the_snoozes_in_force_and_a_restored_one_with_its_own():
    customer, other = sorted({*scored()[0].column("customer_id").to_pylist()})[:2]
    first = {f"snooze/{name}": snoozed(name, LATER) for name in (customer, other)}
    shard = Shard()
    shard.begin(encoded(book(REVIEW_ALL)), first)
    assert approved(shard)[0] == {customer, other}
    shard.snooze(other, b"")
    restored = Shard(shard.state)
    restored.begin(encoded(book(REVIEW_ALL)), first)
    assert approved(restored)[0] == {customer}
