"""Batches that are rolled back leave no trace."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.features.feature_streams import Store, any_streams, records

_CUTS = st.lists(st.integers(0, 260), max_size=12)


def advance(engine, batch, answered):
    found = engine.advance(batch)
    if answered:
        engine.remember(found, np.linspace(0, 1, len(found), dtype=np.float32))
    return found


@settings(max_examples=150, deadline=None)
@given(stream=any_streams, cuts=_CUTS, capacity=st.integers(1, 64), data=st.data())
def test_run_with_batches_that_are_rolled_back_gives_the_same_bits(stream, cuts, capacity, data):
    plain, store = Store(), Store(capacity=capacity)
    x, scores = plain.run(stream)
    bounds = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    found = []
    for start, end in pairwise(bounds):
        for _ in range(data.draw(st.integers(0, 2), "failures")):
            first = data.draw(st.integers(0, len(stream) - 1), "first of a batch that fails")
            failing = records(stream[first : first + 40])
            batch = advance(store.engine, failing, answered=data.draw(st.booleans(), "answered"))
            some = data.draw(st.sets(st.sampled_from(batch.customers)), "rolled back first")
            store.engine.roll_back(list(some))
            again = failing.filter(np.isin(batch.customers, list(some)).tolist()) if some else failing.slice(0, 0)
            if len(again) and data.draw(st.booleans(), "scored again"):
                advance(store.engine, again, answered=True)
            store.engine.roll_back(batch.customers)
            assert not store.engine._pool.undo.customers
        found.append(store.run(stream[start:end]))
    assert np.concatenate([part for part, _ in found]).tobytes() == x.tobytes()
    assert np.concatenate([part for _, part in found]).tobytes() == scores.tobytes()
    assert store.states == plain.states
    ids = store.engine._pool.ids
    assert ids.free[-1] == len(ids.spans) - 1 - np.count_nonzero(store.engine._pool.id_rows)
