"""Feature kernels equal the naive reference on random streams."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.baselines.naive_features import OF_HISTORY, NaiveEngine, NaiveHistory
from models.features.batch import DUPLICATE
from models.features.history import MAX_IDS, decode_history
from models.features.table import FEATURES
from tests.property.features.feature_streams import (
    DAY_MS,
    START_MS,
    Row,
    Store,
    any_streams,
    labelled_streams,
    naive_event,
    naive_label,
    records,
)

# Whole numbers are exact; a sum rounded in another sequence may be another float32, and a difference of
# two amounts keeps the rounding of the larger one.
_RELATIVE, _ABSOLUTE = 1e-6, 1e-4
_COLUMNS = [FEATURES.index(feature) for feature in OF_HISTORY]
_EXACT = [
    i
    for i, feature in enumerate(OF_HISTORY)
    if feature.unit in ("transactions", "merchants", "devices", "labels", "flag", "h")
    or feature.name.startswith(("max", "amount"))
]


@settings(max_examples=100, deadline=None)
@given(labelled=labelled_streams())
def test_kernels_equal_the_naive_oracle(labelled):
    stream, labels = labelled
    store, naive = Store(), NaiveEngine(OF_HISTORY)

    x = store.run(stream, [len(stream) // 3], labels)[0][:, _COLUMNS]

    expected = np.array(list(naive_features(naive, stream, labels)), np.float32)
    for column, feature in enumerate(OF_HISTORY):
        np.testing.assert_allclose(
            x[:, column], expected[:, column], rtol=_RELATIVE, atol=_ABSOLUTE, err_msg=feature.name
        )
    np.testing.assert_array_equal(x[:, _EXACT], expected[:, _EXACT])
    for customer, history in naive.histories.items():
        entries, _, _ = decode_history(store.states[customer])
        assert entries["event_time_ms"].tolist() == [event.event_time_ms for event in history.kept]
        assert entries["amount"].tolist() == [event.amount for event in history.kept]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), days=st.sampled_from([1, 7, 10]))
def test_duplicates_of_a_hot_customer_equal_those_of_the_naive_oracle(seed, days):
    rng = np.random.default_rng(seed)
    length = 2 * MAX_IDS
    times_ms = (
        START_MS + np.sort(rng.integers(0, days * DAY_MS, length)) - rng.choice([0, DAY_MS], length, p=[0.9, 0.1])
    )
    row = Row(
        transaction=0, customer=0, merchant=0, time_ms=0, amount_minor=1, device=None, place=None, category="fuel",
        type="chip",
    )  # fmt: skip
    ids = rng.integers(0, length, length).tolist()
    stream = [replace(row, transaction=n, time_ms=int(t)) for n, t in zip(ids, times_ms.tolist(), strict=True)]
    store, history = Store(), NaiveHistory()
    duplicates = []
    for start in range(0, length, 300):
        batch = store.engine.advance(records(stream[start : start + 300]))
        store.engine.remember(batch, np.zeros(len(batch), np.float32))
        duplicates += (batch.ingest_status == DUPLICATE).tolist()
    expected = []
    for row in stream:
        before = len(history.kept) + len(history.left)
        history.ingest(naive_event(row))
        expected.append(len(history.kept) + len(history.left) == before)
    assert duplicates == expected


def naive_features(naive, stream, labels):
    waiting = list(labels)
    for number, row in enumerate(stream):
        while waiting and waiting[0].before <= number:
            naive.learn(naive_label(waiting.pop(0)))
        yield naive.advance(naive_event(row))


@settings(max_examples=100, deadline=None)
@given(stream=any_streams)
def test_x_is_finite_float32(stream):
    x, scores = Store().run(stream)

    assert x.dtype == scores.dtype == np.float32
    assert np.isfinite(x).all()
    assert np.isfinite(scores).all()
