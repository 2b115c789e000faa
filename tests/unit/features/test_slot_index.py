"""Rows of entities by key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features.entities.entity_pool import EntityPool

KEYS = [*range(1, 40), *(1 << 63 | number << 40 for number in range(40))]


@given(st.lists(st.lists(st.sampled_from(KEYS), max_size=60), max_size=12), st.sampled_from([1, 8, 200]), st.booleans())
def test_rows_are_those_of_the_keys_however_keys_come_and_go(batches, capacity, evicts):
    pool = EntityPool(capacity=capacity, load=(lambda _: None) if evicts else None)
    for number, batch in enumerate(batches):
        slots = pool.slots_of(np.array(batch, np.uint64))
        assert slots.tolist() == [pool._slots[key] for key in batch]
        assert pool.heads["key"][slots].tolist() == batch
        if number % 3 == 2:
            pool.drop(batch[::2])


@pytest.mark.parametrize("count", [100, 1_000])
def test_keys_that_are_held_are_found_without_the_dictionary(monkeypatch, count):
    pool, keys = EntityPool(capacity=count, load=None), np.random.default_rng(1).integers(1, 1 << 62, count, np.uint64)
    pool.slots_of(keys)
    others = []
    monkeypatch.setattr(pool, "slots", lambda keys, slots=pool.slots: others.extend(keys) or slots(keys))
    pool.slots_of(keys)
    assert len(others) <= count // 50
