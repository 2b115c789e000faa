import numpy as np
from hypothesis import given, settings

from models.features.history import decode_history
from models.features.naive import NaiveEngine
from models.features.table import FEATURE_NAMES, FEATURES
from tests.property.features.feature_streams import Store, any_streams, labelled_streams, naive_event, naive_label

# Whole numbers come out whole; a sum rounded in another order may be another float32, and a difference of
# two amounts keeps the rounding of the larger one.
_RELATIVE, _ABSOLUTE = 1e-6, 1e-4
_EXACT = [
    i
    for i, feature in enumerate(FEATURES)
    if feature.unit in ("transactions", "merchants", "labels", "flag", "h")
    or feature.name.startswith(("max", "amount"))
]


@settings(max_examples=100, deadline=None)
@given(labelled=labelled_streams())
def test_kernels_equal_the_naive_oracle(labelled):
    stream, labels = labelled
    store, naive = Store(), NaiveEngine()

    x, _ = store.run(stream, [len(stream) // 3], labels)

    expected = np.array(list(naive_features(naive, stream, labels)), np.float32)
    for column, name in enumerate(FEATURE_NAMES):
        np.testing.assert_allclose(x[:, column], expected[:, column], rtol=_RELATIVE, atol=_ABSOLUTE, err_msg=name)
    np.testing.assert_array_equal(x[:, _EXACT], expected[:, _EXACT])
    for customer, history in naive.histories.items():
        entries, _ = decode_history(store.states[customer])
        assert entries["event_time_ms"].tolist() == [event.event_time_ms for event in history.kept]
        assert entries["amount"].tolist() == [event.amount for event in history.kept]


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
