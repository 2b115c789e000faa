"""Labels and inactive customers on a shard, with in-memory maps; real state is tested in integration."""

from dataclasses import replace

import numpy as np
import pytest

from jobs.operators import expiry_index, shard_scorer
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
def open_shard(artifact):
    def make(state):
        def new_scorer(load):
            return TransactionScorer(
                artifact, load=load, load_merchant=state.merchant_labels.get, load_customer=state.customer_labels.get
            )

        return ShardScorer(4, new_scorer, state)

    return make


def many_labels(count, merchants=3):
    rows = [
        {"merchant_id": f"m{i % merchants}", "is_fraud": i % 5 == 0, "label_time": START_MS + i} for i in range(count)
    ]
    return label_batch(*rows)


def scored(shard):
    now_ms = START_MS + HOUR_MS
    return score(shard, records(*({"merchant_id": f"m{i}", "event_time": now_ms + i} for i in range(3)))).x.tobytes()


def score(shard, batch):
    """Score at a time after all events of the tests."""
    return score_at(shard, batch, START_MS + 10_000 * DAY_MS)


def score_at(shard, batch, now_ms):
    found = shard.score(batch, EntityInputs.missing(len(batch)))
    shard.keep(found)
    shard.store(int(event_time_ms(batch).max()), now_ms)
    return found


def test_few_labels_are_written_to_the_records_at_once(open_shard):
    state = State()
    open_shard(state).learn(many_labels(30), np.arange(30))
    assert (set(state.merchant_labels), set(state.customer_labels)) == ({"m0", "m1", "m2"}, {"c"})
    assert state.label_log == {}


def test_many_labels_are_logged_and_restored(open_shard, monkeypatch):
    monkeypatch.setattr(shard_scorer, "FEW_LABELS", 10)
    state = State()
    shard = open_shard(state)
    labels = many_labels(200)
    for at in range(0, 200, 50):
        shard.learn(labels[at : at + 50], np.arange(at, at + 50))
    assert (len(state.label_log), state.merchant_labels) == (4, {})

    restored = open_shard(replace(state, histories=MapLike()))
    assert scored(restored) == scored(shard)


def test_full_log_is_written_to_the_records(open_shard, monkeypatch):
    monkeypatch.setattr(shard_scorer, "FEW_LABELS", 10)
    monkeypatch.setattr(shard_scorer, "MAX_LOGGED", 120)
    state = State()
    shard, labels = open_shard(state), many_labels(200)
    for at in range(0, 200, 50):
        shard.learn(labels[at : at + 50], np.arange(at, at + 50))
    assert len(state.label_log) == 1
    assert len(state.merchant_labels) == 3
    written = State(
        merchant_labels=state.merchant_labels, customer_labels=state.customer_labels, label_log=state.label_log
    )
    whole = open_shard(State())
    whole.learn(labels, np.arange(200))
    assert scored(open_shard(written)) == scored(whole)


@pytest.mark.parametrize("limit", [("MAX_LOGGED", 52), ("MAX_ENTRIES", 3)])
def test_few_labels_join_the_log_until_that_is_full(open_shard, monkeypatch, limit):
    monkeypatch.setattr(shard_scorer, "FEW_LABELS", 10)
    monkeypatch.setattr(shard_scorer, *limit)
    state = State()
    shard, labels = open_shard(state), many_labels(54)
    entries = []
    for begin, end in ((0, 50), (50, 51), (51, 52), (52, 53), (53, 54)):
        shard.learn(labels[begin:end], np.arange(begin, end))
        entries.append(len(state.label_log))
    assert entries == [1, 2, 3, 0, 0]
    assert len(state.merchant_labels) == 3


def test_label_offsets_are_kept_by_partition(open_shard):
    state = State()
    shard = open_shard(state)
    assert shard.label_offsets == []
    shard.learn(many_labels(2), np.array([7, position(2, 3)]))
    shard.learn(many_labels(0), np.array([8]))  # an invalid label advances the offset only
    assert shard.label_offsets == [9, 0, 4]
    assert open_shard(state).label_offsets == [9, 0, 4]


def test_offsets_of_a_recreated_topic_are_greater_than_all_of_the_previous_one(open_shard):
    state = State()
    shard, again = open_shard(state), 1 << GENERATION_SHIFT
    shard.learn(many_labels(2), np.array([5_000, position(1, 70)]))
    shard.learn(many_labels(2), np.array([again + 2, again + 3]))
    assert shard.label_offsets == [label_entry(1, 4), 71], "nothing is known of the new topic's partition 1"
    shard.learn(many_labels(1), np.array([5_001]))  # of a batch that was open when the topic was still there
    assert shard.label_offsets == [label_entry(1, 4), 71]
    assert open_shard(state).label_offsets == [label_entry(1, 4), 71]


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
    assert set(state.histories) == {"busy", "labelled", "new"}
    score(shard, records({"transaction_id": "t11", "customer_id": "new", "event_time": end_ms + 51 * DAY_MS}))
    assert set(state.histories) == {"labelled", "new"}
    score(shard, records({"transaction_id": "t12", "customer_id": "new", "event_time": end_ms + 61 * DAY_MS}))
    assert (set(state.histories), set(state.customer_labels)) == ({"new"}, set())


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
        assert set(state.histories) == {"other"}
    assert counts == [0, 0, 0]


def test_labels_of_customers_who_never_bought_are_forgotten(open_shard):
    state = State()
    shard = open_shard(state)
    shard.learn(label_batch({"customer_id": "ghost", "label_time": START_MS}), np.array([0]))
    assert set(state.customer_labels) == {"ghost"}
    score(shard, records({"customer_id": "other", "event_time": START_MS + KEPT_MS + 2 * DAY_MS}))
    assert set(state.customer_labels) == set()


def test_only_merchants_without_recent_labels_are_forgotten(open_shard):
    state = State()
    shard = open_shard(state)
    end_ms = START_MS + KEPT_MS + 2 * DAY_MS
    shard.learn(label_batch({"merchant_id": "silent"}, {"merchant_id": "busy"}), np.array([0, 1]))
    shard.learn(
        label_batch({"merchant_id": "busy", "label_time": end_ms - DAY_MS, "transaction_id": "t9"}), np.array([2])
    )
    shard = open_shard(state)
    score(shard, records({"event_time": end_ms}))
    assert set(state.merchant_labels) == {"busy"}
    assert len(state.merchants_expire_on) == 1


@pytest.mark.parametrize("restored", [False, True])
def test_labels_in_the_log_keep_their_customer_and_merchant(open_shard, monkeypatch, restored):
    monkeypatch.setattr(shard_scorer, "FEW_LABELS", 0)
    state = State()
    shard = open_shard(state)
    score(shard, records({}))
    shard.learn(label_batch({"label_time": START_MS + KEPT_MS}), np.array([0]))
    assert (len(state.label_log), state.merchant_labels) == (1, {})
    if restored:
        shard = open_shard(state)
    at = {"customer_id": "new", "event_time": START_MS + KEPT_MS + 2 * DAY_MS}
    score(shard, records({"transaction_id": "t1", **at}))
    assert set(state.histories) == {"c", "new"}


@pytest.mark.parametrize("late_ms", [0, 29 * DAY_MS])
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
            assert set(state.histories) == {"other"}
            assert state.merchant_labels == state.customer_labels == {}
        return score(shard, records({"transaction_id": "t2", "event_time": now_ms - late_ms, "merchant_id": "m"})).x

    assert x(forget=True).tobytes() == x(forget=False).tobytes()


def test_one_event_time_in_the_future_expires_no_customer(open_shard):
    state = State()
    shard = open_shard(state)
    score_at(shard, records({"customer_id": "c1"}), START_MS)
    ahead = records({"transaction_id": "t1", "customer_id": "broken clock", "event_time": START_MS + 3 * KEPT_MS})
    score_at(shard, ahead, START_MS + DAY_MS)
    assert set(state.histories) == {"c1", "broken clock"}


def test_replay_of_old_data_expires_no_active_customer(open_shard):
    state = State()
    shard = open_shard(state)
    score(shard, records({"customer_id": "now"}))
    score(shard, records({"transaction_id": "t1", "customer_id": "then", "event_time": START_MS - 2 * KEPT_MS}))
    score(shard, records({"transaction_id": "t2", "customer_id": "now", "event_time": START_MS + 1}))
    assert "now" in state.histories


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
        left.append(len(state.histories))
    assert left == [41, 31, 21, 11, 1, 1]


def test_labels_in_state_of_an_earlier_version_expire_too(open_shard):
    state = State()
    open_shard(state).learn(label_batch({"customer_id": "ghost"}), np.array([0]))
    earlier = replace(state, expires_on=MapLike(), merchants_expire_on=MapLike())
    score(open_shard(earlier), records({"merchant_id": "n", "event_time": START_MS + KEPT_MS + 2 * DAY_MS}))
    assert earlier.merchant_labels == earlier.customer_labels == {}


def test_label_that_is_only_in_the_log_keeps_its_merchant(open_shard, monkeypatch):
    monkeypatch.setattr(shard_scorer, "FEW_LABELS", 0)
    state = State()
    shard = open_shard(state)
    shard.learn(label_batch({"merchant_id": "m"}, {"merchant_id": "silent"}), np.array([0, 1]))
    monkeypatch.setattr(shard_scorer, "MAX_LOGGED", 0)
    shard.learn(label_batch({"merchant_id": "o"}), np.array([2]))  # the log is full: all records are written
    assert set(state.merchant_labels) == {"m", "silent", "o"}
    monkeypatch.setattr(shard_scorer, "MAX_LOGGED", 100)
    shard.learn(label_batch({"merchant_id": "m", "transaction_id": "t1"}), np.array([3]))
    score(shard, records({"merchant_id": "n", "event_time": START_MS + KEPT_MS + 2 * DAY_MS}))
    assert set(state.merchant_labels) == {"m"}


def test_merchant_is_looked_up_once_for_many_writes_of_its_record(open_shard):
    state = State()
    lookups = []
    state.merchant_labels.contains = lambda key: lookups.append(key) or key in state.merchant_labels
    shard = open_shard(state)
    for turn in range(3):
        shard.learn(label_batch({"merchant_id": "m", "transaction_id": f"t{turn}"}), np.array([turn]))
    assert lookups == ["m"]
    assert [*state.merchants_expire_on.values()] == [b'["m"]']


def test_preview_equals_the_later_features_and_changes_nothing(open_shard):
    state = State()
    shard = open_shard(state)
    score(shard, records({"amount_minor": 500}, {"amount_minor": 700, "event_time": START_MS + 1}))
    shard.learn(many_labels(10), np.arange(10))
    stored, due = dict(state.histories), dict(state.expires_on)
    coming = records({"transaction_id": "next", "merchant_id": "m1", "event_time": START_MS + HOUR_MS})
    previews = [shard.preview(coming, EntityInputs.missing(len(coming))) for _ in range(2)]
    assert (state.histories, state.expires_on) == (stored, due)
    assert previews[0].tobytes() == previews[1].tobytes() == score(shard, coming).x.tobytes()


def test_preview_creates_no_customer(open_shard):
    state = State()
    shard = open_shard(state)
    shard.preview(records({}), EntityInputs.missing(1))
    assert not state.histories
    assert not state.expires_on
    score(shard, records({}))
    assert len(state.expires_on) == 1
