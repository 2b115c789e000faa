"""Eviction of records from a full pool."""

import numpy as np
import pytest

from models.features.engine import FeatureEngine
from models.features.entities.entity_pool import EntityPool
from models.features.entities.entity_record import ENTITY_VERSION, ENTRY, HEADER, EntityRecord, encode_entity
from models.features.history import HistoryVersionError, encode_history
from models.features.history_pool import HistoryPool
from models.features.label_pool import LabelPool
from tests.unit.features.engine_records import records
from tests.unit.features.entity_records import entity
from tests.unit.features.label_batches import FRAUD, label_batch


class Loads:
    """A store that records the requested keys."""

    def __init__(self):
        self.requested = []

    def __call__(self, key):
        self.requested.append(key)

    def load(self, pool, keys):
        self.requested.clear()
        pool.slots(keys)
        return list(self.requested)


def names(*numbers):
    return [f"k{number}" for number in numbers]


def test_younger_half_stays_when_the_pool_is_full():
    loads = Loads()
    pool = HistoryPool(capacity=8, load=loads)
    pool.slots(names(0, 1, 2, 3))
    pool.slots(names(4, 5, 6, 7))
    pool.slots(names(0))
    assert loads.load(pool, names(8)) == ["k8"]
    # 1 to 3 were not used since the half before the last arrived, 0 was.
    assert loads.load(pool, names(0, 4, 5, 6, 7)) == []
    assert loads.load(pool, names(1)) == ["k1"]


def test_record_in_constant_use_is_read_once():
    loads = Loads()
    pool = HistoryPool(capacity=100, load=loads)
    for number in range(2_000):
        pool.slots([*names(*range(20)), f"once-{number}"])
    assert sorted(key for key in loads.requested if key[0] == "k") == sorted(names(*range(20)))
    assert len(pool) <= 100


def test_pool_exceeds_its_capacity_only_for_a_larger_batch():
    pool = HistoryPool(capacity=10, load=Loads())
    for start in range(0, 300, 7):
        slots = pool.slots(names(*range(start, start + 7)))
        assert len(set(slots.tolist())) == 7
        assert (pool.capacity, len(pool) <= 10) == (10, True)
    pool.slots(names(*range(25)))
    assert (pool.capacity, len(pool)) == (25, 25)


def test_records_keep_their_rows_when_a_batch_grows_the_pool():
    stored = {f"k{i}": encode_history(np.zeros(i, HistoryPool(capacity=1, load=None).entries.dtype)) for i in range(40)}
    pool = HistoryPool(capacity=3, load=stored.get)
    for keys in (names(1, 2), names(*range(40)), names(3, 39)):
        slots = pool.slots(keys)
        assert [pool.encode(slot) for slot in slots.tolist()] == [stored[key] for key in keys]


@pytest.mark.parametrize("leave", ["full", "dropped"])
def test_unstored_labels_outlive_their_row(leave):
    engine = FeatureEngine(load=lambda _: None, load_labels=lambda _: None, capacity=1)
    engine.learn(label_batch(FRAUD))
    if leave == "full":
        engine.advance(records({"customer_id": "another", "merchant_id": "other"}))
    else:
        engine.drop(["c"])
    assert engine.awaits_storing("c")
    assert list(engine.pop_changed_labels()) == ["c"]
    assert not engine.awaits_storing("c")


def test_ledger_row_is_freed_when_its_key_is_evicted():
    pool = LabelPool(capacity=2, load=lambda _: None)
    for number in range(50):
        slots = pool.slots(names(number))
        pool.ledger.with_room_for(1)
        pool.ledger_rows[slots[0]] = pool.ledger.add([np.ones(3, np.int64)] * 3)
    assert len(pool.ledger.spans) < 10


def entity_records():
    """Return records of all forms by key, None for an entity without one."""
    forms = [None, *map(encode_entity, (entity(0), entity(3), entity(32), entity(32, 0, tiled=True)))]
    forms += [encode_entity(entity(32, ids, tiled=True)) for ids in (1, 2, 3, 1_024)]  # lengths of any remainder
    return {key: forms[key % len(forms)] for key in range(1, 60)}


def test_entities_read_and_written_many_at_once_are_their_records():
    stored = entity_records()
    pool = EntityPool(capacity=10, load=stored.get)
    keys = np.random.default_rng(3).permutation(np.array([*stored] * 3, np.uint64))
    for batch in np.array_split(keys, 40):
        slots = pool.slots_of(batch)
        assert [int(key) for key in pool.keys[slots]] == batch.tolist()
        pool.changed[slots] = 1
    assert sorted(pool.changed_keys()) == sorted(stored)
    empty = encode_entity(EntityRecord(np.zeros(0, ENTRY), -1, 0, None, None, ()))
    assert pool.take([*stored, *stored]) == {key: raw or empty for key, raw in stored.items()}
    assert pool.changed_keys() == []


@pytest.mark.parametrize("number", range(3))
def test_among_many_entities_one_that_cannot_be_read_is_an_error(number):
    good = encode_entity(entity(3))
    bad = [
        HEADER.pack(ENTITY_VERSION + 1, 0, ENTRY.itemsize, 0, 0, 0),
        HEADER.pack(ENTITY_VERSION, 4, ENTRY.itemsize, 0, 0, 0) + bytes(3 * ENTRY.itemsize),
        b"",
    ][number]
    pool = EntityPool(capacity=4, load={1: good, 2: bad, 3: good}.get)
    with pytest.raises(HistoryVersionError, match="Entity in the state"):
        pool.slots_of(np.array([1, 2, 3], np.uint64))
    assert len(pool) == 0
