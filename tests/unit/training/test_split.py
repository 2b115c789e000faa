import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.training.split import split_by_time

DELAYS = st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 400)), min_size=2, max_size=60)


@given(rows=DELAYS)
def test_nobody_learns_from_a_label_before_it_was_known(rows):
    event = np.sort(np.array([row[0] for row in rows], np.int64))
    label = event + np.array([row[1] for row in rows], np.int64)
    split = split_by_time(event, label)
    assert (label[split.risk] <= split.risk_until_ms).all()
    assert (label[split.train] <= split.train_until_ms).all()
    assert (event[split.validation] >= split.train_until_ms).all()
    assert (event[split.train] < split.train_until_ms).all()
    assert (split.risk.astype(int) + split.train + split.validation <= 1).all()


def test_without_takes_rows_out_of_every_period():
    event = np.arange(100, dtype=np.int64)
    left = split_by_time(event, event).without(event % 2 == 1)
    assert (left.risk.sum(), left.train.sum(), left.validation.sum()) == (10, 27, 13)
