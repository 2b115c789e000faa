"""Labels and inactive customers on a shard, with in-memory maps; real state is tested in integration."""

from dataclasses import replace

import numpy as np
import pytest

from jobs.operators import expiry_index, label_log
from jobs.operators.expiry_index import KEPT_MS
from jobs.operators.shard_scorer import ShardScorer
from models.features.entities.entity_inputs import EntityInputs
from models.features.table import FEATURE_NAMES
from models.scoring.artifact import load_artifact
from models.scoring.transaction_scorer import TransactionScorer
from schemas.durations import DAY_MS
from schemas.label_offset import label_entry
from schemas.position import GENERATION_SHIFT, position
from schemas.validation import event_time_ms
from tests.unit.features.engine_records import HOUR_MS, START_MS, records
from tests.unit.features.label_batches import label_batch
from tests.unit.jobs.map_state import MapLike, State
from tests.unit.training.histories import customer_folder


@pytest.fixture(scope="module")
def artifact():
    return load_artifact(customer_folder())


@pytest.fixture
def written_at_once(monkeypatch):
    """Make the log accept nothing."""
    monkeypatch.setattr(label_log, "MAX_ENTRIES", 0)


@pytest.fixture
def open_shard(artifact):
    def make(state):
        def new_scorer(load):
            return TransactionScorer(artifact, load=load, load_labels=state.customer_labels.get)

        return ShardScorer(4, new_scorer, state)

    return make


def many_labels(count, customers=3):
    rows = [
        {"customer_id": f"c{i % customers}", "is_fraud": i % 5 == 0, "label_time": START_MS + i} for i in range(count)
    ]
    return label_batch(*rows)


def scored(shard):
    now_ms = START_MS + HOUR_MS
    return score(shard, records(*({"customer_id": f"c{i}", "event_time": now_ms + i} for i in range(3)))).x.tobytes()


def score(shard, batch):
    """Score at a time after all events of the tests."""
    return score_at(shard, batch, START_MS + 10_000 * DAY_MS)


def score_at(shard, batch, now_ms):
    found = shard.score(batch, EntityInputs.missing(len(batch)))
    shard.keep(found)
    shard.store(int(event_time_ms(batch).max()), now_ms)
    shard._writing.write_all()
    return found


def test_many_labels_are_logged_and_restored(open_shard):
    state = State()
    shard = open_shard(state)
    labels = many_labels(200)
    for at in range(0, 200, 50):
        shard.learn(labels[at : at + 50], np.arange(at, at + 50))
    assert (len(state.label_log), state.customer_labels) == (4, {})

    restored = open_shard(State(label_log=state.label_log))
    assert scored(restored) == scored(shard)


def test_full_log_is_written_to_the_records(open_shard, monkeypatch):
    monkeypatch.setattr(label_log, "MAX_LOGGED", 120)
    state = State()
    shard, labels = open_shard(state), many_labels(200)
    for at in range(0, 200, 50):
        shard.learn(labels[at : at + 50], np.arange(at, at + 50))
    assert len(state.label_log) == 1
    assert len(state.customer_labels) == 3
    written = State(customer_labels=state.customer_labels, label_log=state.label_log)
    whole = open_shard(State())
    whole.learn(labels, np.arange(200))
    assert scored(open_shard(written)) == scored(whole)


@pytest.mark.parametrize("limit", [("MAX_LOGGED", 52), ("MAX_ENTRIES", 3)])
def test_labels_join_the_log_until_that_is_full(open_shard, monkeypatch, limit):
    monkeypatch.setattr(label_log, *limit)
    state = State()
    shard, labels = open_shard(state), many_labels(54)
    entries = []
    for begin, end in ((0, 50), (50, 51), (51, 52), (52, 53), (53, 54)):
        shard.learn(labels[begin:end], np.arange(begin, end))
        entries.append(len(state.label_log))
    assert entries == [1, 2, 3, 0, 1]
    assert len(state.customer_labels) == 3


def test_label_offsets_are_kept_by_partition(open_shard):
    state = State()
    shard = open_shard(state)
    assert shard.label_offsets == []
    shard.learn(many_labels(2), np.array([7, position(2, 3)]))
    assert shard.label_offsets == [8, 0, 4]
    assert open_shard(state).label_offsets == [8, 0, 4]


def test_labels_that_are_known_are_skipped_when_their_topic_is_read_again(open_shard):
    state, labels, positions = State(), many_labels(40), np.arange(40) * 2
    whole = open_shard(State())
    whole.learn(labels, positions)
    shard = open_shard(state)
    shard.learn(labels[:25], positions[:25])
    shard = open_shard(state)
    before = dict(state.customer_labels)
    shard.learn(labels[:25], positions[:25])
    assert (state.customer_labels, shard.label_offsets) == (before, [49])
    shard.learn(labels, positions)
    assert (scored(shard), shard.label_offsets) == (scored(whole), [79])


def test_offsets_of_a_recreated_topic_are_greater_than_all_of_the_previous_one(open_shard):
    state = State()
    shard, again = open_shard(state), 1 << GENERATION_SHIFT
    shard.learn(many_labels(2), np.array([5_000, position(1, 70)]))
    shard.learn(many_labels(2), np.array([again + 2, again + 3]))
    assert shard.label_offsets == [label_entry(1, 4), 71], "nothing is known of the new topic's partition 1"
    shard.learn(many_labels(1), np.array([5_001]))  # of a batch that was open when the topic was still there
    assert shard.label_offsets == [label_entry(1, 4), 71]
    assert open_shard(state).label_offsets == [label_entry(1, 4), 71]


@pytest.mark.usefixtures("written_at_once")
def test_only_inactive_customers_are_forgotten(open_shard):
    state = State()
    shard = open_shard(state)
    score(shard, records({"customer_id": "silent"}, {"customer_id": "busy"}, {"customer_id": "labelled"}))
    score(shard, records({"transaction_id": "t9", "customer_id": "busy", "event_time": START_MS + 50 * DAY_MS}))
    shard.learn(label_batch({"customer_id": "labelled", "label_time": START_MS + 60 * DAY_MS}), np.array([0]))
    state = replace(state)  # as after a failure
    shard = open_shard(state)
    end_ms = START_MS + KEPT_MS + 2 * DAY_MS
    score(shard, records({"transaction_id": "t10", "customer_id": "new", "event_time": end_ms}))
    assert state.customers == {"busy", "labelled", "new"}
    score(shard, records({"transaction_id": "t11", "customer_id": "new", "event_time": end_ms + 51 * DAY_MS}))
    assert state.customers == {"labelled", "new"}
    score(shard, records({"transaction_id": "t12", "customer_id": "new", "event_time": end_ms + 61 * DAY_MS}))
    assert (state.customers, set(state.customer_labels)) == ({"new"}, set())


def test_forgotten_customer_that_returns_is_new_and_is_forgotten_again(open_shard):
    state = State()
    shard = open_shard(state)
    counts = []
    for turn in range(3):
        at = START_MS + 2 * turn * KEPT_MS
        back = score(shard, records({"transaction_id": f"a{turn}", "customer_id": "now and then", "event_time": at}))
        counts.append(back.x[0, FEATURE_NAMES.index("history_count")])
        later = at + KEPT_MS + 2 * DAY_MS
        score(shard, records({"transaction_id": f"b{turn}", "customer_id": "other", "event_time": later}))
        assert state.customers == {"other"}
    assert counts == [0, 0, 0]


@pytest.mark.usefixtures("written_at_once")
def test_labels_of_customers_who_never_bought_are_forgotten(open_shard):
    state = State()
    shard = open_shard(state)
    shard.learn(label_batch({"customer_id": "ghost", "label_time": START_MS}), np.array([0]))
    assert set(state.customer_labels) == {"ghost"}
    score(shard, records({"customer_id": "other", "event_time": START_MS + KEPT_MS + 2 * DAY_MS}))
    assert set(state.customer_labels) == set()


@pytest.mark.parametrize("restored", [False, True])
def test_labels_in_the_log_keep_their_customer(open_shard, restored):
    state = State()
    shard = open_shard(state)
    score(shard, records({}))
    shard.learn(label_batch({"label_time": START_MS + KEPT_MS}), np.array([0]))
    assert (len(state.label_log), state.customer_labels) == (1, {})
    if restored:
        shard = open_shard(state)
    at = {"customer_id": "new", "event_time": START_MS + KEPT_MS + 2 * DAY_MS}
    score(shard, records({"transaction_id": "t1", **at}))
    assert state.customers == {"c", "new"}


@pytest.mark.parametrize("late_ms", [0, 29 * DAY_MS])
@pytest.mark.usefixtures("written_at_once")
def test_forgotten_state_was_outside_every_feature_window(open_shard, late_ms):
    now_ms = START_MS + KEPT_MS + 2 * DAY_MS
    old = [
        label_batch({"label_time": START_MS, "is_fraud": True}),
        records({"event_time": START_MS, "merchant_id": "m"}),
    ]

    def x(*, forget):
        state = State()
        shard = open_shard(state)
        shard.learn(old[0], np.array([0]))
        score(shard, old[1])
        if forget:
            score(
                shard,
                records({"transaction_id": "t1", "customer_id": "other", "merchant_id": "n", "event_time": now_ms}),
            )
            assert state.customers == {"other"}
            assert state.customer_labels == {}
        return score(shard, records({"transaction_id": "t2", "event_time": now_ms - late_ms, "merchant_id": "m"})).x

    assert x(forget=True).tobytes() == x(forget=False).tobytes()


def test_one_event_time_in_the_future_expires_no_customer(open_shard):
    state = State()
    shard = open_shard(state)
    score_at(shard, records({"customer_id": "c1"}), START_MS)
    ahead = records({"transaction_id": "t1", "customer_id": "broken clock", "event_time": START_MS + 3 * KEPT_MS})
    score_at(shard, ahead, START_MS + DAY_MS)
    assert state.customers == {"c1", "broken clock"}


def test_replay_of_old_data_expires_no_active_customer(open_shard):
    state = State()
    shard = open_shard(state)
    score(shard, records({"customer_id": "now"}))
    score(shard, records({"transaction_id": "t1", "customer_id": "then", "event_time": START_MS - 2 * KEPT_MS}))
    score(shard, records({"transaction_id": "t2", "customer_id": "now", "event_time": START_MS + 1}))
    assert "now" in state.customers


def test_many_customers_that_expire_on_a_day_are_spread_over_batches(open_shard, monkeypatch):
    monkeypatch.setattr(expiry_index, "MAX_AT_ONCE", 10)
    state = State()
    shard = open_shard(state)
    for number in range(50):
        score(shard, records({"customer_id": f"c{number}", "transaction_id": f"t{number}"}))
    left = []
    for number in range(6):
        at = {"event_time": START_MS + KEPT_MS + 2 * DAY_MS, "transaction_id": f"u{number}", "customer_id": "last"}
        score(shard, records(at))
        left.append(len(state.customers))
    assert left == [41, 31, 21, 11, 1, 1]


@pytest.mark.parametrize("expired", [True, False])
def test_labels_of_merchants_in_state_of_an_earlier_version_are_removed(open_shard, expired):
    state = State()
    open_shard(state).learn(label_batch({"customer_id": "ghost"}), np.array([0]))
    merchants = MapLike({"19000/0": b'["m"]'} if expired else {})
    former = replace(state, merchant_labels=MapLike(m=b"labels"), merchants_expire_on=merchants)
    if not expired:  # that version had no entries at all
        former.expires_on.clear()
    shard = open_shard(former)
    assert former.merchant_labels == former.merchants_expire_on == {}
    score(shard, records({"merchant_id": "n", "event_time": START_MS + KEPT_MS + 2 * DAY_MS}))
    assert former.customer_labels == {}, "labels of a customer who never bought expire"


def test_preview_equals_the_later_features_and_changes_nothing(open_shard):
    state = State()
    shard = open_shard(state)
    score(shard, records({"amount_minor": 500}, {"amount_minor": 700, "event_time": START_MS + 1}))
    shard.learn(many_labels(10), np.arange(10))
    stored, due = dict(state.histories.items()), dict(state.expires_on)
    coming = records({"transaction_id": "next", "customer_id": "c1", "event_time": START_MS + HOUR_MS})
    previews = [shard.preview(coming, EntityInputs.missing(len(coming))) for _ in range(2)]
    assert (dict(state.histories.items()), state.expires_on) == (stored, due)
    assert previews[0].tobytes() == previews[1].tobytes() == score(shard, coming).x.tobytes()


def test_preview_creates_no_customer(open_shard):
    state = State()
    shard = open_shard(state)
    shard.preview(records({}), EntityInputs.missing(1))
    assert not state.customers
    assert not state.expires_on
    score(shard, records({}))
    assert len(state.expires_on) == 1
