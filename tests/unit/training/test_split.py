"""Split of a history in time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.training.protocol import UNKNOWN_MS, Transactions
from models.training.split import split_by_time
from schemas.durations import DAY_MS

DELAYS = st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 400)), min_size=2, max_size=60)


def made(event, label, is_fraud=None, maturity_ms=0):
    return Transactions(
        event_time_ms=event,
        label_time_ms=label,
        customer=np.zeros(len(event), np.int64),
        is_fraud=np.zeros(len(event), np.bool_) if is_fraud is None else is_fraud,
        maturity_ms=maturity_ms,
    )


@given(rows=DELAYS, maturity_ms=st.sampled_from([0, 50, 300]))
def test_label_is_not_used_before_it_was_known(rows, maturity_ms):
    event = np.sort(np.array([row[0] for row in rows], np.int64))
    label = event + np.array([row[1] for row in rows], np.int64)
    split = split_by_time(made(event, label, maturity_ms=maturity_ms))
    assert (label[split.risk] <= split.risk_until_ms + maturity_ms).all()
    assert (label[split.train] <= split.train_until_ms).all()
    assert (event[split.train] + maturity_ms <= split.train_until_ms).all()
    assert (event[split.validation] >= split.train_until_ms).all()
    assert (event[split.train] < split.train_until_ms).all()
    assert (split.risk.astype(int) + split.train + split.validation <= 1).all()


def one_sided(days=120, *, unknown_after=None):
    """Make a transaction per hour, every tenth a fraud known at once; genuine ones are known after 30 days."""
    event = np.arange(days * 24, dtype=np.int64) * 3_600_000
    is_fraud = np.arange(len(event)) % 10 == 0
    label = np.where(is_fraud, event, event + 30 * DAY_MS)
    if unknown_after is not None:
        label = np.where(label <= unknown_after, label, UNKNOWN_MS)
    return made(event, label, is_fraud, 30 * DAY_MS)


def test_class_balance_is_equal_in_all_periods_for_any_delay_of_a_class():
    for rows in (one_sided(), one_sided(unknown_after=120 * DAY_MS)):
        split = split_by_time(rows)
        for chosen in (split.risk, split.train, split.validation):
            assert chosen.sum() > 100
            assert abs(rows.is_fraud[chosen].mean() - 0.1) < 0.01


def test_rows_whose_label_is_unknown_are_in_no_period():
    rows = one_sided(unknown_after=120 * DAY_MS)
    split = split_by_time(rows)
    assert not (~rows.labelled & (split.risk | split.train | split.validation)).any()


def test_recent_frauds_are_added_on_request_without_genuine_rows():
    rows = one_sided()
    split, more = split_by_time(rows), split_by_time(rows, recent_frauds=True)
    added = more.train & ~split.train
    assert added.any()
    assert rows.is_fraud[added].all()
    assert (rows.label_time_ms[added] <= split.train_until_ms).all()


def test_without_removes_rows_from_every_period():
    event = np.arange(100, dtype=np.int64)
    left = split_by_time(made(event, event)).without(event % 2 == 1)
    assert (left.risk.sum(), left.train.sum(), left.validation.sum()) == (10, 27, 13)
