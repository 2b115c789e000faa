"""Entities of a shard, between memory and state."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.operators import event_log
from jobs.operators.bucketed_map import BucketedMap
from jobs.operators.entity_shard import EntityShard
from jobs.operators.entity_state import signed, unsigned
from jobs.operators.expiry_index import KEPT_MS
from models.features.entities.entity_record import EVENT
from models.features.table import FEATURES
from tests.unit.jobs.map_state import MapLike
from tests.unit.jobs.value_state import Value


class State:
    """In-memory EntityState."""

    def __init__(self):
        self.parts, self.event_log = [MapLike() for _ in range(4)], [MapLike() for _ in range(4)]
        self.entities = BucketedMap(self.parts, "thread")
        self.next_sequence, self.expires_on = Value(), MapLike()

    def read(self, key):
        return self.entities.get(signed(key))

    @property
    def records(self):
        return {key: record for part in self.parts for key, record in part.items()}

    @property
    def logged(self):
        return {number: entry for part in self.event_log for number, entry in part.items()}


def events(seed, count, keys=9):
    random = np.random.default_rng(seed)
    found = np.zeros(count, EVENT)
    found["key"] = random.integers(1, keys + 1, count)
    found["customer"] = random.integers(1, 1 << 60, count)
    found["transaction"] = random.integers(1, 1 << 60, count)
    found["event_time_ms"] = 1_700_000_000_000 + np.sort(random.integers(0, 10_000_000, count))
    found["amount"] = random.random(count) * 100
    found["row"] = np.arange(count)
    return found


def open_shard(state, capacity=1_000):
    return EntityShard(3, state, capacity)


def advanced(shard, given_events, size):
    return [shard.advance(at, given_events[at : at + size]) for at in range(0, len(given_events), size)]


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
        patched.setattr(event_log, "SEGMENT_EVENTS", segment[0])
        patched.setattr(event_log, "SEGMENT_ENTRIES", segment[1])
        for number, begin in enumerate(range(0, len(given_events), size)):
            if shard is None or number in restarts:
                shard = open_shard(state, capacity)
            found.append(shard.advance(begin, given_events[begin : begin + size]))
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.sequences, other.sequences)


def test_the_log_is_cleared_when_the_records_are_written(monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_EVENTS", 30)
    state = State()
    shard = open_shard(state)
    sizes = []
    for at in range(0, 600, 10):
        shard.advance(at, events(at, 10))
        sizes.append(len(state.logged))
    assert max(sizes) <= 4 * 3, "entries of 10 events in four segments"
    assert min(sizes[12:]) <= 2 * 3
    assert len(state.records) == 9, "every entity has a record"


def test_records_are_written_bucket_by_bucket(monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_EVENTS", 30)
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


def test_a_described_event_changes_nothing():
    state = State()
    shard = open_shard(state)
    shard.advance(0, events(1, 50))
    held = state.logged, state.records
    next_events = events(2, 1)
    described = shard.describe(1, next_events)
    assert (state.logged, state.records) == held
    assert described.sequences.tolist() == [-1]
    np.testing.assert_array_equal(shard.advance(1, next_events).x, described.x)


def test_a_sequence_number_is_never_given_twice_even_when_the_log_is_empty(monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_EVENTS", 1)
    state = State()
    given = []
    for at in range(5):
        given += open_shard(state).advance(at, events(at, 3)).sequences.tolist()
    assert given == list(range(15))


def test_state_names_an_entity_by_the_java_long_of_its_hash():
    assert [unsigned(signed(key)) for key in (1, 1 << 63, (1 << 64) - 1)] == [1, 1 << 63, (1 << 64) - 1]
    assert [signed(1), signed((1 << 63) - 1), signed(1 << 63), signed((1 << 64) - 1)] == [
        1, (1 << 63) - 1, -(1 << 63), -1,
    ]  # fmt: skip


def test_silent_entities_are_forgotten_and_others_are_not(monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_EVENTS", 1)
    state = State()
    shard = open_shard(state)
    silent, busy = events(1, 2, keys=1), events(2, 2, keys=1)
    silent["key"], busy["key"] = 1 << 63, 5
    shard.advance(0, silent)
    for number in range(1, 7):
        busy["event_time_ms"] += KEPT_MS // 4
        busy["transaction"] += 1
        shard.advance(number, busy)
    assert set(state.records) == {5}
    silent["event_time_ms"] = busy["event_time_ms"]
    age = [feature.operation.value for feature in FEATURES if feature.entity == "device"].index("entity_age")
    assert open_shard(state).advance(7, silent[:1]).x[0, age] == -1, "it starts empty"
