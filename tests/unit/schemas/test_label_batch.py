import pytest

from schemas.rejection import Reason
from tests.batches import LABELS
from tests.records import NOON_MS, label

DAY_MS = 24 * 3_600_000

BAD_LABELS = [
    (Reason.INVALID_LABEL_TIME, {"event_time": NOON_MS, "label_time": NOON_MS - 1}),
    (Reason.INVALID_LABEL_TIME, {"label_time": -1}),
    (Reason.LABEL_TIME_AHEAD, {"label_time": NOON_MS + DAY_MS + 1}),
]


@pytest.mark.parametrize(("reason", "changes"), BAD_LABELS)
def test_label_that_breaks_a_limit_is_set_aside(reason, changes):
    batch = LABELS.decode([label(0), label(1, **changes), label(2)])
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]
    assert batch.records["transaction_id"].to_pylist() == ["t000000", "t000002"]


def test_rejection_says_which_times_do_not_fit():
    (early,) = LABELS.decode([label(0, event_time=5_000, label_time=4_000)]).rejections
    assert early.detail == (
        "expected a label time from the event time on, was 4000 ms since 1970 for an event at 5000 ms"
    )
    (ahead,) = LABELS.decode([label(0, label_time=NOON_MS + 2 * DAY_MS)]).rejections
    assert f"was {NOON_MS + 2 * DAY_MS} ms since 1970 at Kafka time {NOON_MS} ms" in ahead.detail


def test_limits_themselves_are_allowed():
    edges = {"amount_minor": 0, "event_time": NOON_MS + DAY_MS, "label_time": NOON_MS + DAY_MS}
    assert LABELS.decode([label(0, **edges)]).rejections == []
