"""Known labels of the entities of a shard, between memory and state."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.operators import label_log
from jobs.operators.entity_state import signed
from jobs.operators.expiry_index import KEPT_MS
from models.features.entities.entity_labels import EntityLabels
from models.features.label_record import ENTITY_LABEL
from schemas.label_offset import label_entry
from schemas.position import GENERATION_SHIFT, position
from tests.unit.jobs.entity_shards import State, batch, events, open_shard

START_MS = 1_700_000_000_000


def labels(seed, count, keys=9):
    random = np.random.default_rng(seed)
    found = np.zeros(count, ENTITY_LABEL)
    found["key"] = random.integers(1, keys + 1, count)
    found["transaction"] = random.integers(1, 3 * count, count)  # some are sent again
    found["label_time_ms"] = START_MS - random.integers(0, 40 * 86_400_000, count)
    found["verdict"] = random.integers(0, 100_000, count)
    return found


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 99),
    restarts=st.sets(st.integers(0, 40)),
    most=st.tuples(st.integers(1, 400), st.integers(0, 30)),
    capacity=st.sampled_from([1, 5, 1_000]),
)
def test_a_shard_that_restarts_anywhere_knows_each_label_that_it_was_given(seed, restarts, most, capacity):
    given_labels, given_events, reference = labels(seed, 600), events(seed, 400), EntityLabels(load=None)
    sizes = np.random.default_rng(seed).multinomial(len(given_labels), np.full(40, 1 / 40)).tolist()
    limits, learned = (label_log.MAX_LOGGED, label_log.MAX_ENTRIES), 0
    label_log.MAX_LOGGED, label_log.MAX_ENTRIES = most
    try:
        state, shard = State(), None
        for number, size in enumerate(sizes):
            if shard is None or number in restarts:
                shard = open_shard(state, capacity)
            rows = np.arange(learned, learned + size)
            reference.learn(given_labels[rows])
            shard.learn(given_labels[rows], position(rows % 3, rows))
            learned += size
            mine = batch(given_events[10 * number : 10 * number + 10])
            np.testing.assert_array_equal(shard.advance(mine).label_x, reference.describe(mine.events, mine.units))
    finally:
        label_log.MAX_LOGGED, label_log.MAX_ENTRIES = limits


def test_the_reply_has_the_offsets_that_its_features_are_of():
    state = State()
    shard = open_shard(state)
    assert shard.advance(batch(events(1, 3))).label_offsets == [0], "nothing is known, and it says so"
    shard.learn(labels(1, 2), np.array([7, position(2, 3)]))
    assert shard.describe(batch(events(2, 3))).label_offsets == [8, 0, 4]
    again = 1 << GENERATION_SHIFT
    shard.learn(labels(2, 2), np.array([again + 2, again + 3]))
    assert open_shard(state).advance(batch(events(2, 3))).label_offsets == [label_entry(1, 4), 0, 4]


def test_labels_that_are_known_are_skipped_when_their_topic_is_read_again():
    state, found, positions = State(), labels(3, 3_000, keys=1), np.arange(3_000)
    shard, mine = open_shard(state), batch(events(1, 5, keys=1))
    shard.learn(found, positions)
    expected = shard.describe(mine).label_x
    shard.learn(found, positions)
    np.testing.assert_array_equal(shard.describe(mine).label_x, expected)


def test_labels_of_silent_entities_are_forgotten(monkeypatch):
    monkeypatch.setattr(label_log, "MAX_ENTRIES", 0)
    state = State()
    shard = open_shard(state)
    silent = labels(1, 2, keys=1)
    silent["key"] = 1 << 63
    shard.learn(silent, np.arange(2))
    assert [*state.labels.keys()] == [signed(1 << 63)]
    late = events(2, 2, keys=1)
    late["key"], late["event_time_ms"] = 5, START_MS + KEPT_MS + 2 * 86_400_000
    shard.advance(batch(late))
    assert [*state.labels.keys()] == []
    late["key"] = 1 << 63
    known = open_shard(state).advance(batch(late[:1])).label_x[0, 0]
    assert known == 0


def test_a_job_without_labels_describes_events_as_one_that_knows_none():
    with_labels = open_shard(State()).advance(batch(events(1, 40)))
    without = open_shard(State(), with_labels=False).advance(batch(events(1, 40)))
    np.testing.assert_array_equal(without.label_x, with_labels.label_x)
    assert without.label_offsets == ()
