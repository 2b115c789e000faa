"""Declared features of the job's shards against those of one engine in memory."""

import json
from itertools import cycle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.operators import declared_shard, event_log
from jobs.operators.expiry_index import KEPT_MS
from models.declared.declared_engine import DeclaredEngine
from models.declared.declared_features import DeclaredFeatures
from models.declared.sequence_entry import sequences_of
from schemas.durations import DAY_MS
from tests.property.declared.declarations import ENTITIES, KINDS, Stream, random_stream, random_tables
from tests.property.declared.declared_shards import DeclaredShards

RATE = [
    {"name": "a", "count": True, "entity": "ip", "window": "7d"},
    {"name": "b", "count": True, "entity": "merchant", "window": "7d"},
]


def declared_and_stream(seed: int) -> tuple[DeclaredFeatures, Stream]:
    random = np.random.default_rng(seed)
    declared = DeclaredFeatures.of(random_tables(random), KINDS, ENTITIES)
    return declared, random_stream(random, declared)


@pytest.fixture(scope="module")
def ip_and_merchant():
    declared = DeclaredFeatures.of(RATE, KINDS, ENTITIES)
    return declared, random_stream(np.random.default_rng(2), declared).records


def stored(shards: DeclaredShards) -> dict[str, dict[int, bytes]]:
    """Write all records, and return those of each shard."""
    for shard in shards.all():
        shard.write_all()
    parts = [part.maps for name, part in shards.context.states.items() if name.removeprefix("declared_").isdigit()]
    return {key: raw for maps in parts for found in maps.values() for key, raw in found.items()}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    restarts=st.sets(st.integers(0, 20)),
    segment=st.tuples(st.integers(1, 60), st.integers(1, 5)),
    capacity=st.sampled_from([1, 5, 1_000]),
)
def test_shards_that_restart_anywhere_give_what_one_engine_gives(seed, sizes, restarts, segment, capacity, monkeypatch):
    declared, stream = declared_and_stream(seed)
    expected = DeclaredEngine(declared).advance(stream.records)
    shards, start, found = DeclaredShards(declared, capacity=capacity), 0, []
    with monkeypatch.context() as patched:
        patched.setattr(declared_shard, "SEGMENT_EVENTS", segment[0])
        patched.setattr(event_log, "SEGMENT_ENTRIES", segment[1])
        for number, size in enumerate(cycle(sizes)):
            batch = stream.records.slice(start, size)
            if not len(batch):
                break
            if number in restarts:
                shards = shards.restored(capacity=capacity)
            described = shards.describe(batch.slice(0, 1))
            inputs = shards.advance(batch)
            assert described.declared_x.tobytes() == inputs.declared_x[:1].tobytes()
            assert (described.sequences == -1).all()
            found.append(inputs)
            start += size
    assert np.concatenate([inputs.declared_x for inputs in found]).tobytes() == expected.tobytes()
    entries = np.concatenate([inputs.sequences for inputs in found])
    for entity, events in zip(declared.entities, declared.events(stream.records), strict=True):
        numbers = sequences_of(entity.id, entries)
        assert np.flatnonzero(numbers >= 0).tolist() == events.rows.tolist()
        for key in np.unique(events.keys):
            assert (np.diff(numbers[events.rows[events.keys == key]]) > 0).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_records_do_not_depend_on_how_the_stream_is_cut(seed, sizes):
    declared, stream = declared_and_stream(seed)
    found = []
    for cuts in (sizes, [len(stream.rows)]):
        shards, start = DeclaredShards(declared), 0
        for size in cycle(cuts):
            if start >= len(stream.rows):
                break
            shards.advance(stream.records.slice(start, size))
            start += size
        found.append(stored(shards))
    assert found[0] == found[1]
    assert found[0]


def test_a_described_event_changes_nothing(ip_and_merchant):
    declared, records = ip_and_merchant
    shards = DeclaredShards(declared)
    shards.advance(records.slice(0, 40))
    held = shards.context.stored()
    shards.describe(records.slice(40, 40))
    assert shards.context.stored() == held


def test_the_order_and_the_names_of_features_do_not_change_their_state(ip_and_merchant):
    declared, records = ip_and_merchant
    renamed = DeclaredFeatures.of(
        [{**table, "name": name} for name, table in zip("xy", RATE[::-1], strict=True)], KINDS, ENTITIES
    )
    shards, expected = DeclaredShards(declared), DeclaredEngine(declared).advance(records)
    shards.advance(records.slice(0, 40))
    found = shards.restored(renamed).advance(records.slice(40))
    assert found.declared_x[:, ::-1].tobytes() == expected[40:].tobytes()


def test_entities_by_another_column_start_empty(ip_and_merchant):
    declared, records = ip_and_merchant
    shards = DeclaredShards(declared)
    shards.advance(records.slice(0, 40))
    other, later = DeclaredFeatures.of(RATE, KINDS, {"ip": ("mcc",)}), records.slice(40)
    records_of_both = later.set_column(later.schema.names.index("mcc"), "mcc", later["ip"])
    found = shards.restored(other).advance(records_of_both).declared_x[:, 0]
    assert found.tobytes() == DeclaredEngine(other).advance(records_of_both)[:, 0].tobytes()


@pytest.mark.parametrize("written", [True, False])
def test_entities_whose_features_changed_start_empty_and_others_go_on(ip_and_merchant, written):
    declared, records = ip_and_merchant
    shards = DeclaredShards(declared)
    shards.advance(records.slice(0, 40))
    if written:
        stored(shards)
    changed = DeclaredFeatures.of([RATE[1], {**RATE[0], "window": "6d"}], KINDS, ENTITIES)
    later = records.slice(40)
    found = shards.restored(changed).advance(later).declared_x
    assert found[:, 0].tobytes() == DeclaredEngine(declared).advance(records)[40:, 1].tobytes()
    assert found[:, 1].tobytes() == DeclaredEngine(changed).advance(later)[:, 1].tobytes()
    assert found[:, 1].tobytes() != DeclaredEngine(changed).advance(records)[40:, 1].tobytes()


def test_sequence_numbers_go_on_where_the_log_is_empty(ip_and_merchant):
    declared, records = ip_and_merchant
    shards = DeclaredShards(declared)
    before = sequences_of(declared.entities[0].id, shards.advance(records.slice(0, 40)).sequences)
    stored(shards)
    after = sequences_of(declared.entities[0].id, shards.restored().advance(records.slice(40)).sequences)
    of_ip = declared.events(records)[0]
    numbers = np.concatenate((before, after))
    for key in np.unique(of_ip.keys):
        assert (np.diff(numbers[of_ip.rows[of_ip.keys == key]]) > 0).all()


def test_an_entity_that_is_declared_again_counts_every_event(ip_and_merchant, monkeypatch):
    declared, records = ip_and_merchant
    monkeypatch.setattr(declared_shard, "SEGMENT_EVENTS", 3)
    shards, ip = DeclaredShards(declared), declared.entities[0].id
    given = [sequences_of(ip, shards.advance(records.slice(begin, 3)).sequences) for begin in range(0, 60, 3)]
    without = shards.restored(DeclaredFeatures.of(RATE[1:], KINDS, ENTITIES))
    without.advance(records.slice(60, 3))
    found = without.restored(declared).advance(records.slice(63))
    assert not np.isnan(found.declared_x).any()
    given.append(sequences_of(ip, found.sequences))
    numbers = np.concatenate(given)
    (seen,) = pa.Table.from_batches([records.slice(0, 60), records.slice(63)]).combine_chunks().to_batches()
    of_ip, _ = declared.events(seen)
    for key in np.unique(of_ip.keys):
        assert (np.diff(numbers[of_ip.rows[of_ip.keys == key]]) > 0).all()


def test_silent_entities_are_forgotten(ip_and_merchant):
    declared, records = ip_and_merchant
    shards = DeclaredShards(declared)
    shards.advance(records.slice(0, 40))
    assert stored(shards)
    due = shards.context.states["declared_expire_on"].maps
    assert sorted(key for found in due.values() for raw in found.values() for key in json.loads(raw)) == sorted(
        stored(shards)
    )
    for shard in shards.all():
        shard._expire(int(records["event_time"].cast("int64")[-1].as_py()) + KEPT_MS + 100 * DAY_MS)
    assert not stored(shards)
    assert sum(shard.figures.expired for shard in shards.all()) > 0
    restarted = shards.advance(records.slice(0, 40)).declared_x
    assert restarted.tobytes() == DeclaredEngine(declared).advance(records.slice(0, 40)).tobytes()
