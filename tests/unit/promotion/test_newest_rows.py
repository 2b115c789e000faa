"""Rows on which two models are compared."""

from dataclasses import replace

import numpy as np

from models.promotion.newest_rows import OLDER, TRAINED_ON, newest_rows
from models.scoring.artifact import DataFingerprint
from models.training.protocol import Transactions
from models.training.split import split_by_time, trained_until_ms
from tests.unit.promotion.comparisons import DAY_MS, comparison, manifest


def trained_on(first_day: int, last_day: int) -> dict[str, DataFingerprint]:
    times = {"first_event_time_ms": first_day * DAY_MS, "last_event_time_ms": last_day * DAY_MS}
    return {"data": DataFingerprint(sha256="0", rows=9, **times)}


def test_training_rows_of_either_model_are_left_out():
    rows = comparison(1_001)
    late = replace(rows.challenger, manifest=manifest(**trained_on(0, 20)))
    selected = newest_rows(replace(rows, challenger=late), days=100)
    assert selected.event_time_ms.min() == 15 * DAY_MS
    assert selected.left_out[TRAINED_ON] == 500


def test_validation_quarter_of_the_training_history_is_kept():
    times = np.sort(np.random.default_rng(1).integers(0, 30 * DAY_MS, 500))
    data = DataFingerprint(sha256="0", rows=500, first_event_time_ms=int(times[0]), last_event_time_ms=int(times[-1]))
    nothing = np.zeros(500, np.bool_)
    rows = Transactions(event_time_ms=times, label_time_ms=times, customer=np.zeros(500, np.int64), is_fraud=nothing)
    assert trained_until_ms(data) == split_by_time(rows).train_until_ms


def test_days_are_counted_back_from_the_newest_label_and_later_rows_are_kept():
    rows = comparison(1_001)
    known = rows.event_time_ms <= 16 * DAY_MS
    selected = newest_rows(replace(rows, labelled=known, is_fraud=rows.is_fraud & known), days=2)
    assert selected.event_time_ms.min() > 14 * DAY_MS
    assert selected.event_time_ms.max() == 20 * DAY_MS
    assert selected.left_out[OLDER] == 401


def test_all_unseen_rows_are_kept_without_labels():
    rows = comparison(100)
    nothing = np.zeros(100, np.bool_)
    assert len(newest_rows(replace(rows, labelled=nothing, is_fraud=nothing), days=1)) == 100
