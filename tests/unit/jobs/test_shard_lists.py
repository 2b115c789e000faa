"""List entries of a shard, with in-memory state; real state is tested in integration."""

from datetime import timedelta
from itertools import count

import pytest

from jobs.operators.list_reader import MAX_REFUSED_CHANGES, STORED_VERSION, ListReader, ReadEntry
from jobs.operators.shard_lists import MAX_OPEN_REFUSALS, ShardLists
from schemas.list_entry import ListEntryRecord
from schemas.rule_book import ListEntry, RuleList
from tests.records import NOON, NOON_MS
from tests.unit.jobs.rule_shard import LISTS, Shard, encoded, reported, scored, shard_state
from tests.unit.rules.books import book, rule

LATER = NOON + timedelta(days=3_650)
BOOK = book(rule("listed", "customer_id in @some", "BLOCK"), lists=(RuleList(name="some", entries=()),))
POSITIONS = count()


def entry(value, until=None, *, change="e1", name="some", **changes):
    return ListEntryRecord(
        change_id=change, list=name, value=value, until=until, reason="", changed_at=NOON, changed_by="tests", **changes
    )


def sent(*entries):
    """Return the keys and payloads of entries; a string is the key of a tombstone."""
    return [(item, b"") if isinstance(item, str) else (item.key, LISTS.encode(item.to_record())) for item in entries]


def apply(shard, *entries):
    keys, payloads = zip(*sent(*entries), strict=True)
    read = shard.entries.read(keys, payloads, [next(POSITIONS) for _ in keys])
    return reported(shard.rules.follow_entries(read, NOON_MS))


def blocked(shard):
    ruled, _ = shard.rules.rule(*scored())
    customers = scored()[0].column("customer_id").to_pylist()
    return {name for name, value in zip(customers, ruled.decisions.tolist(), strict=True) if value == 2}


@pytest.fixture
def shard():
    found = Shard()
    found.begin()
    found.apply(BOOK)
    return found


CUSTOMERS = sorted({*scored()[0].column("customer_id").to_pylist()})
FIRST, SECOND = CUSTOMERS[:2]


def test_entry_counts_from_the_next_batch_on_and_the_answer_names_the_change(shard):
    assert apply(shard, entry(FIRST)) == [("RULES", "e1", 4, "")]
    assert FIRST in blocked(shard)
    assert SECOND not in blocked(shard)


def test_change_of_many_entries_is_answered_once_after_its_last(shard):
    assert apply(shard, *(entry(f"c-{number}", last=False) for number in range(1_000))) == []
    assert apply(shard, entry(FIRST, last=False), entry(SECOND)) == [("RULES", "e1", 4, "")]
    assert {FIRST, SECOND} <= blocked(shard)


@pytest.mark.parametrize("ending", [entry(FIRST, removed=True), f"list/some/{FIRST}"])
def test_entry_ends_with_a_tombstone_and_with_a_removal_record(shard, ending):
    apply(shard, entry(FIRST))
    apply(shard, ending)
    assert FIRST not in blocked(shard)
    assert shard.state.list_entries == {}


def test_last_entry_of_a_value_in_a_batch_counts(shard):
    apply(shard, entry(FIRST), entry(FIRST, removed=True), entry(SECOND, removed=True), entry(SECOND))
    assert {FIRST, SECOND} & blocked(shard) == {SECOND}
    assert [*shard.state.list_entries] == [f"some/{SECOND}"]


def test_entries_of_the_rule_file_stay_next_to_added_ones(shard):
    shard.apply(book(*BOOK.rules, lists=(RuleList(name="some", entries=(ListEntry(value=FIRST),)),), book_id="b2"))
    apply(shard, entry(SECOND))
    assert {FIRST, SECOND} <= blocked(shard)


def test_entries_outlast_a_book_without_their_list(shard):
    apply(shard, entry(FIRST))
    shard.apply(book(rule("none", "amount < 0"), book_id="b2"))
    assert FIRST not in blocked(shard)
    shard.apply(BOOK)
    assert FIRST in blocked(shard)


def test_restored_shard_keeps_its_entries_and_a_fresh_one_starts_with_those_in_force():
    first = dict(sent(entry(FIRST), entry(SECOND)))
    fresh = Shard()
    fresh.begin(encoded(BOOK), first)
    assert {FIRST, SECOND} <= blocked(fresh)
    apply(fresh, entry(SECOND, removed=True))
    restored = Shard(fresh.state)
    restored.begin(encoded(BOOK), first)
    assert {FIRST, SECOND} & blocked(restored) == {FIRST}


def test_entry_counts_before_its_end_by_event_time_and_is_removed_a_month_later(shard):
    records = scored()[0]
    newest = max(time.as_py() for time in records.column("event_time"))
    apply(shard, entry(FIRST, newest + timedelta(days=1)), entry(SECOND, newest - timedelta(days=31)))
    assert FIRST in blocked(shard)
    apply(shard, entry("other"))
    assert sorted(shard.state.list_entries) == sorted([f"some/{FIRST}", "some/other"])


@pytest.mark.parametrize("payload", [b"text", b"\x00\x00\x00\x00\x0c", LISTS.encode(entry("other").to_record())])
def test_record_that_is_no_entry_of_its_key_is_refused_and_others_are_applied(shard, payload):
    ((key, good),) = sent(entry(FIRST))
    read = shard.entries.read([f"list/some/{SECOND}", key], [payload, good], [next(POSITIONS), next(POSITIONS)])
    answers = reported(shard.rules.follow_entries(read, NOON_MS))
    assert "RULES_REFUSED" in {kind for kind, *_ in answers}
    assert blocked(shard) & {FIRST, SECOND} == {FIRST}
    assert shard.counts.refusals == 1


def bounded(**bounds):
    """Return a shard's lists with small limits, their state, and a function that adds entries."""
    state, reader = shard_state(), ListReader(LISTS)
    lists = ShardLists(state, reader, **bounds)
    lists.begin({})

    def add(*entries):
        keys, payloads = zip(*sent(*entries), strict=True)
        return lists.apply(reader.read(keys, payloads, [next(POSITIONS) for _ in keys]))

    return lists, state, add


def test_entries_beyond_the_limit_are_refused_and_known_ones_may_change():
    _, state, add = bounded(max_entries=3)
    assert add(entry("a", last=False), entry("b")) == {"e1": ""}
    refusal = add(
        entry("a", LATER, change="e2", last=False), entry("c", change="e2", last=False), entry("d", change="e2")
    )
    assert refusal == {
        "e2": "expected at most 3 entries of all lists, got more. Remove some, see `fraudstream rules lists ls`."
    }
    assert sorted(state.list_entries) == ["some/a", "some/b", "some/c"]


def test_change_beyond_the_limit_is_refused_when_two_arrive_together():
    _, state, add = bounded(max_entries=2)
    answers = add(entry("a", last=False), entry("b"), entry("c", change="e2", last=False), entry("d", change="e2"))
    assert answers["e1"] == ""
    assert "at most 2 entries" in answers["e2"]
    assert sorted(state.list_entries) == ["some/a", "some/b"]
    assert add(entry("a", removed=True, change="e3"), entry("b", change="e4")) == {"e3": "", "e4": ""}


def test_entries_beyond_the_limit_of_lists_are_refused():
    lists, _, add = bounded(max_lists=2)
    assert add(entry("v", name="a"), entry("v", name="b", change="e2")) == {"e1": "", "e2": ""}
    refusal = {"e3": "expected at most 2 lists with entries, got more."}
    assert add(entry("v", name="c", change="e3"), entry("w", name="b", change="e4")) == refusal | {"e4": ""}
    assert add(entry("v", name="a", removed=True), entry("v", name="c", change="e5")) == {"e1": "", "e5": ""}
    assert sorted(lists.tables) == ["b", "c"]


def test_tombstones_of_unknown_entries_leave_no_state():
    lists, state, add = bounded()
    assert add(*(f"list/some-{number}/v" for number in range(100)), "list/", "list/some", "list/\ufffd/\ufffd") == {}
    assert lists.tables == {}
    assert state.list_entries == {}


def test_entries_of_a_fresh_job_keep_the_limits():
    lists = ShardLists(shard_state(), ListReader(LISTS), max_entries=1)
    first = {key.removeprefix("list/"): payload for key, payload in sent(entry("a"), entry("b", change="e2"))}
    answers = lists.begin(first | {"some/c": b"text"})
    assert "at most 1 entries" in answers["e2"]
    assert answers[""]
    assert len(lists.tables["some"]) == 1


def test_refused_changes_that_never_end_are_forgotten():
    lists, _, add = bounded(max_entries=0)
    for number in range(MAX_OPEN_REFUSALS + 50):
        add(entry("a", change=f"c{number}", last=False))
    assert len(lists._refused) == MAX_OPEN_REFUSALS


def test_flood_of_refused_changes_is_reported_in_few_answers(shard):
    wrong = [(f"list/some/{number}", entry("other", change=f"c{number}")) for number in range(1_000)]
    payloads = [LISTS.encode(item.to_record()) for _, item in wrong]
    read = shard.entries.read([key for key, _ in wrong], payloads, [next(POSITIONS) for _ in wrong])
    assert len(reported(shard.rules.follow_entries(read, NOON_MS))) == MAX_REFUSED_CHANGES + 1


def test_change_whose_last_entry_is_refused_is_refused_and_ends(shard):
    read = shard.entries.read(["list/some/b"], [LISTS.encode(entry("other").to_record())], [next(POSITIONS)])
    assert [(kind, change) for kind, change, *_ in reported(shard.rules.follow_entries(read, NOON_MS))] == [
        ("RULES_REFUSED", "e1")
    ]
    assert apply(shard, entry(FIRST)) == [("RULES", "e1", 4, "")]


def test_entry_in_state_has_a_version():
    kept = ReadEntry("some", "a/b", NOON_MS)
    assert ReadEntry.decode("some/a/b", kept.encode()) == kept
    assert kept.encode()[0] == STORED_VERSION
    with pytest.raises(ValueError, match="expected a list entry of version 1 in the state, got 2"):
        ReadEntry.decode("some/a", b"\x02" + kept.encode()[1:])


def test_partly_refused_change_is_refused_when_it_ends(shard):
    read = shard.entries.read(
        ["list/some/b"], [LISTS.encode(entry("other", last=False).to_record())], [next(POSITIONS)]
    )
    ((kind, *_),) = reported(shard.rules.follow_entries(read, NOON_MS))
    assert kind == "RULES_REFUSED"
    ((kind, change, *_),) = apply(shard, entry(FIRST))
    assert (kind, change) == ("RULES_REFUSED", "e1")
