"""Decoding and limits of labels."""

import numpy as np
import pytest

from schemas.durations import DAY_MS
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from schemas.validation import Limits
from tests.batches import LABELS
from tests.records import NOON_MS, label

INVALID_LABELS = [
    (Reason.INVALID_LABEL_TIME, {"event_time": NOON_MS, "label_time": NOON_MS - 1}),
    (Reason.INVALID_LABEL_TIME, {"label_time": -1}),
    (Reason.INVALID_EVENT_TIME, {"event_time": NOON_MS // 1_000}),
    (Reason.EVENT_TIME_TOO_OLD, {"event_time": 5_000}),
    (Reason.LABEL_TIME_AHEAD, {"label_time": NOON_MS + DAY_MS + 1}),
]


@pytest.mark.parametrize(("reason", "changes"), INVALID_LABELS)
def test_label_that_breaks_a_limit_is_set_aside(reason, changes):
    batch = LABELS.decode([label(0), label(1, **changes), label(2)])
    assert [(item.row, item.reason) for item in batch.rejections] == [(1, reason)]
    assert batch.records["transaction_id"].to_pylist() == ["t000000", "t000002"]


def test_rejection_names_the_conflicting_times():
    (early,) = LABELS.decode([label(0, event_time=NOON_MS, label_time=NOON_MS - 1)]).rejections
    assert early.detail == (
        f"expected a label time from the event time on, got {NOON_MS - 1} ms since 1970 for an event at {NOON_MS} ms"
    )
    (ahead,) = LABELS.decode([label(0, label_time=NOON_MS + 2 * DAY_MS)]).rejections
    assert f"got {NOON_MS + 2 * DAY_MS} ms since 1970 at Kafka time {NOON_MS} ms" in ahead.detail


def test_limits_are_inclusive():
    edges = {"amount_minor": 0, "event_time": NOON_MS + DAY_MS, "label_time": NOON_MS + DAY_MS}
    assert LABELS.decode([label(0, **edges)]).rejections == []


def test_label_stamped_with_event_time_is_bounded_by_the_wall_clock():
    # The test's clock is at noon, and the record is stamped thirty days before.
    label_of_today = label(0, event_time=NOON_MS - 30 * DAY_MS, label_time=NOON_MS)
    payload, key = LABELS.codec.encode(label_of_today), label_of_today["customer_id"]
    stamped = np.array([NOON_MS - 30 * DAY_MS])
    assert LABELS.decoder.decode([key], [payload], stamped).rejections == []
    late = LABELS.codec.encode({**label_of_today, "label_time": NOON_MS + DAY_MS + 1})
    assert LABELS.decoder.decode([key], [late], stamped).rejections[0].reason is Reason.LABEL_TIME_AHEAD


def test_later_clock_never_admits_less():
    payload, key = LABELS.codec.encode(label(0, label_time=NOON_MS + 2 * DAY_MS)), label(0)["customer_id"]
    refused = [
        len(
            LabelBatchDecoder("", FileRegistry(), Limits(), lambda now=now: now)
            .decode([key], [payload], np.array([NOON_MS]))
            .rejections
        )
        for now in (NOON_MS, NOON_MS + DAY_MS, NOON_MS + 9 * DAY_MS)
    ]
    assert refused == [1, 0, 0]
