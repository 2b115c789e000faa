import numpy as np
from hypothesis import given, settings

from models.features.history import decode_history
from models.features.naive import NaiveEngine
from models.features.table import FEATURE_NAMES
from tests.property.features.feature_streams import Store, any_streams, naive_event

# Whole numbers come out whole; a sum rounded in another order may be another float32, and a difference of
# two amounts keeps the rounding of the larger one.
_RELATIVE, _ABSOLUTE = 1e-6, 1e-4
_EXACT = [
    i
    for i, name in enumerate(FEATURE_NAMES)
    if name.startswith(("count", "merchants", "same", "max", "new", "is_", "hour", "history", "amount"))
]


@settings(max_examples=300, deadline=None)
@given(stream=any_streams)
def test_kernel_equals_the_naive_oracle(stream):
    store, naive = Store(), NaiveEngine()

    x, _ = store.run(stream, cuts=[len(stream) // 3])

    expected = np.array([naive.advance(naive_event(row)) for row in stream], np.float32)
    np.testing.assert_array_equal(x[:, _EXACT], expected[:, _EXACT])
    for column, name in enumerate(FEATURE_NAMES):
        np.testing.assert_allclose(x[:, column], expected[:, column], rtol=_RELATIVE, atol=_ABSOLUTE, err_msg=name)
    for customer, kept in naive.kept.items():
        entries = decode_history(store.states[customer])
        assert entries["event_time_ms"].tolist() == [event.event_time_ms for event in kept]
        assert entries["amount"].tolist() == [event.amount for event in kept]


@settings(max_examples=100, deadline=None)
@given(stream=any_streams)
def test_x_is_finite_float32(stream):
    x, scores = Store().run(stream)

    assert x.dtype == scores.dtype == np.float32
    assert np.isfinite(x).all()
    assert np.isfinite(scores).all()
