"""Entities of a shard, between memory and state."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.operators import entity_shard, event_log, expiry_index
from jobs.operators.bucketed_map import BucketedMap
from jobs.operators.entity_state import signed, unsigned
from jobs.operators.expiry_index import KEPT_MS
from models.features.entities.entity_record import EVENT
from models.features.table import FEATURES
from schemas.durations import DAY_MS
from tests.unit.jobs.entity_shards import State, batch, events, open_shard


def advanced(shard, given_events, size):
    return [shard.advance(batch(given_events[at : at + size])) for at in range(0, len(given_events), size)]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 99),
    restarts=st.sets(st.integers(0, 40)),
    segment=st.tuples(st.integers(1, 60), st.integers(1, 5)),
    capacity=st.sampled_from([1, 5, 1_000]),
)
def test_a_shard_that_restarts_anywhere_goes_on_as_if_it_had_not(seed, restarts, segment, capacity, monkeypatch):
    given_events, size = events(seed, 400), 10
    whole = advanced(open_shard(State()), given_events, size)
    state, shard, found = State(), None, []
    with monkeypatch.context() as patched:
        patched.setattr(entity_shard, "SEGMENT_EVENTS", segment[0])
        patched.setattr(event_log, "SEGMENT_ENTRIES", segment[1])
        for number, begin in enumerate(range(0, len(given_events), size)):
            if shard is None or number in restarts:
                shard = open_shard(state, capacity)
            found.append(shard.advance(batch(given_events[begin : begin + size])))
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.sequences, other.sequences)


def test_the_log_is_cleared_when_the_records_are_written(monkeypatch):
    monkeypatch.setattr(entity_shard, "SEGMENT_EVENTS", 30)
    state = State()
    shard = open_shard(state)
    sizes = []
    for at in range(0, 600, 10):
        shard.advance(batch(events(at, 10)))
        sizes.append(len(state.logged))
    assert max(sizes) <= 4 * 3, "entries of 10 events in four segments"
    assert min(sizes[12:]) <= 2 * 3
    assert len(state.records) == 9, "every entity has a record"


def test_records_are_written_bucket_by_bucket(monkeypatch):
    monkeypatch.setattr(entity_shard, "SEGMENT_EVENTS", 30)
    state, written = State(), []
    monkeypatch.setattr(
        BucketedMap, "put_all", lambda self, records: written.extend(map(self.bucket, records)), raising=True
    )
    shard = open_shard(state)
    spread = events(1, 120, keys=40)
    spread["key"] <<= np.uint64(39)
    advanced(shard, spread, 10)
    assert len(set(written)) == 4
    assert written == sorted(written)


def distinct_events(seed, count, first_key):
    found = events(seed, count)
    found["key"] = np.arange(first_key, first_key + count)
    return found


@pytest.mark.parametrize("size", [50, 1_000])
@pytest.mark.parametrize("capacity", [500, 50_000])
def test_log_and_unwritten_records_stay_bounded_where_each_event_is_of_another_entity(monkeypatch, size, capacity):
    monkeypatch.setattr(entity_shard, "SEGMENT_EVENTS", 1_000)
    state = State()
    shard = open_shard(state, capacity)
    for at in range(0, 30_000, size):
        shard.advance(batch(distinct_events(at, size, at + 1)))
        logged = sum(len(entry) for entry in state.logged.values()) // EVENT.itemsize
        assert logged <= 4 * (1_000 + size)
        assert len(shard._engine.changed()) <= 2 * (min(2_000, 2 * capacity) + size)
    assert len(state.records) >= 30_000 - 4 * (1_000 + size)


def test_an_entity_that_was_read_has_an_expiry_entry_and_is_seldom_looked_up_again(monkeypatch):
    state, lookups, contains = State(), [], BucketedMap.contains
    monkeypatch.setattr(BucketedMap, "contains", lambda self, key: lookups.append(key) or contains(self, key))
    monkeypatch.setattr(expiry_index, "MAX_REMEMBERED", 400)
    shard = open_shard(state, capacity=100)
    for round_number in range(3):
        for at in range(0, 1_000, 50):
            shard.advance(batch(distinct_events(1_000 * round_number + at, 50, at + 1)))
    assert len(set(lookups)) == 1_000
    assert len(lookups) < 2_200, "3,000 are written; a new one is looked up among entities and among labels"
    entries = [key for entry in state.expires_on.values() for key in json.loads(entry)]
    assert sorted(entries) == sorted(state.records)


def test_figures_are_those_of_the_state_and_the_pool():
    state = State()
    shard = open_shard(state, capacity=10)
    for at in range(0, 400, 50):
        shard.advance(batch(distinct_events(at, 50, at % 200 + 1)))
        figures = shard.figures
        assert (figures.log_entries, figures.held) == (len(state.logged), 50)
    assert figures.written >= len(state.records) == 200
    assert figures.loaded > 0
    assert figures.expired == 0
    later = distinct_events(9, 1, 10**6)
    later["event_time_ms"] += KEPT_MS + 2 * DAY_MS
    shard.advance(batch(later))
    assert shard.figures.expired == 200 - len(state.records) > 0


def test_a_described_event_changes_nothing():
    state = State()
    shard = open_shard(state)
    shard.advance(batch(events(1, 50)))
    held = state.logged, state.records
    next_events = events(2, 1)
    described = shard.describe(batch(next_events))
    assert (state.logged, state.records) == held
    assert described.sequences.tolist() == [-1]
    np.testing.assert_array_equal(shard.advance(batch(next_events)).x, described.x)


def test_a_sequence_number_is_never_given_twice_even_when_the_log_is_empty(monkeypatch):
    monkeypatch.setattr(entity_shard, "SEGMENT_EVENTS", 1)
    state = State()
    given = []
    for at in range(5):
        given += open_shard(state).advance(batch(events(at, 3))).sequences.tolist()
    assert given == list(range(15))


def test_state_names_an_entity_by_the_java_long_of_its_hash():
    assert [unsigned(signed(key)) for key in (1, 1 << 63, (1 << 64) - 1)] == [1, 1 << 63, (1 << 64) - 1]
    assert [signed(1), signed((1 << 63) - 1), signed(1 << 63), signed((1 << 64) - 1)] == [
        1, (1 << 63) - 1, -(1 << 63), -1,
    ]  # fmt: skip


def test_silent_entities_are_forgotten_and_others_are_not(monkeypatch):
    monkeypatch.setattr(entity_shard, "SEGMENT_EVENTS", 1)
    state = State()
    shard = open_shard(state)
    silent, busy = events(1, 2, keys=1), events(2, 2, keys=1)
    silent["key"], busy["key"] = 1 << 63, 5
    shard.advance(batch(silent))
    for _ in range(1, 7):
        busy["event_time_ms"] += KEPT_MS // 4
        busy["transaction"] += 1
        shard.advance(batch(busy))
    assert set(state.records) == {5}
    silent["event_time_ms"] = busy["event_time_ms"]
    age = [feature.operation.value for feature in FEATURES if feature.entity == "device"].index("entity_age")
    assert open_shard(state).advance(batch(silent[:1])).x[0, age] == -1, "it starts empty"
