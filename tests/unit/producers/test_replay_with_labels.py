"""A transaction is sent after all labels that it may use, and few labels are sent long before."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.encoding import ROWS_AT_ONCE
from producers.publisher import Published
from producers.replay_with_labels import SLICE_S, after_labels, replay_with_labels, slice_ends
from producers.schedule import ConstantRate, EventClock
from schemas.avro_schemas import LABEL, TRANSACTION
from schemas.codec import RecordCodec
from schemas.columns import LABELLED_ARROW
from schemas.errors import UserError
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from schemas.wall_clock import utc
from tests.records import NOON_MS, transaction

MINUTE_MS = 60_000


class RecordingPublisher:
    """Stand-in for the publisher that records what is sent and what is delivered by each flush."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.delivered: list[int] = []
        """Number of delivered records at the time of each sent record."""
        self.flushed = 0

    def publish(self, records, topic, *, schedule=None, on_progress=None):  # noqa: ARG002
        count = 0
        for _, value in records:
            self.delivered.append(self.flushed)
            self.sent.append((topic, value))
            count += 1
        if on_progress is not None:
            on_progress(count)
        return Published(records=count, seconds=1.0, behind_ms=0.0)

    def flush(self):
        self.flushed = len(self.sent)

    def decoded(self):
        registry = open_registry(None)
        codecs = {
            topic: RecordCodec(kind, value_subject(topic), registry)
            for topic, kind in {"transactions": TRANSACTION, "labels": LABEL}.items()
        }
        return [(topic, codecs[topic].decode(value)) for topic, value in self.sent]


def table(event_minutes, delay_minutes):
    rows = [
        {
            **transaction(number, event_time=utc(NOON_MS + event * MINUTE_MS)),
            "is_fraud": False,
            "label_time": utc(NOON_MS + (event + delay) * MINUTE_MS),
        }
        for number, (event, delay) in enumerate(zip(event_minutes, delay_minutes, strict=True))
    ]
    return pa.Table.from_pylist(rows, schema=LABELLED_ARROW)


def sent(rows, **pace):
    notebook = RecordingPublisher()
    done = replay_with_labels(rows, notebook, "transactions", "labels", open_registry(None), **pace)
    return notebook, *done


paces = st.sampled_from([{}, {"rate": 2.0}, {"rate": 100.0}, {"speed": 60.0}, {"speed": 100_000.0}])


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=25), paces)
@settings(deadline=None)
def test_all_labels_known_by_a_transaction_are_delivered_before_it_is_sent(rows, pace):
    made = table([event for event, _ in rows], [delay for _, delay in rows])
    notebook, transactions, labels = sent(made, **pace)
    records = notebook.decoded()
    label_times = [(index, record["label_time"]) for index, (topic, record) in enumerate(records) if topic == "labels"]
    for (topic, record), delivered in zip(records, notebook.delivered, strict=True):
        if topic == "transactions":
            may_use = [index for index, label_time in label_times if label_time <= record["event_time"]]
            assert all(index < delivered for index in may_use)
            assert len(may_use) == sum(time <= record["event_time"] for time in made["label_time"].to_pylist())
    last = max(made["event_time"].to_pylist(), default=None)
    assert transactions.records == len(made)
    assert labels.records == len(label_times) == sum(time <= last for time in made["label_time"].to_pylist())


def test_each_kind_is_sent_once_sorted_by_time():
    rng = np.random.default_rng(3)
    made = table(rng.integers(0, 500, 400).tolist(), rng.integers(1, 40, 400).tolist())
    notebook, *_ = sent(made, rate=50.0)
    records = notebook.decoded()
    for topic, by in (("transactions", "event_time"), ("labels", "label_time")):
        ids = [record["transaction_id"] for kind, record in records if kind == topic]
        times = [record[by] for kind, record in records if kind == topic]
        assert times == sorted(times)
        assert len(set(ids)) == len(ids)
    assert len([kind for kind, _ in records if kind == "transactions"]) == 400


def test_labels_are_sent_at_most_a_slice_early():
    made = table(range(400), [5] * 400)
    notebook, *_ = sent(made, rate=40.0)
    newest = NOON_MS
    for topic, record in notebook.decoded():
        time_ms = int(record["event_time" if topic == "transactions" else "label_time"].timestamp() * 1000)
        # At 40 a second a slice is 10 transactions, here of a minute each, and the one that is due at its end.
        assert topic == "transactions" or time_ms <= newest + (40 * SLICE_S + 1) * MINUTE_MS
        newest = max(newest, time_ms) if topic == "transactions" else newest


@pytest.mark.parametrize(
    "schedule", [None, ConstantRate(3), ConstantRate(500), ConstantRate(10**6), EventClock(np.arange(20_000) * 10, 5.0)]
)
def test_slices_are_short_and_cover_the_whole_replay(schedule):
    ends = [0, *slice_ends(20_000, schedule)]
    assert ends[-1] == 20_000
    assert all(begin < end <= begin + ROWS_AT_ONCE for begin, end in pairwise(ends))
    if schedule is not None:
        assert all(schedule.moment_s(end - 1) <= schedule.moment_s(begin) + SLICE_S for begin, end in pairwise(ends))


def test_slice_without_new_labels_does_not_wait():
    calls: list[int] = []
    records = iter([(b"k", b"v")] * 6)
    assert len(list(after_labels(records, np.array([0, 0, 2, 2, 2, 3]), iter([2, 4, 5, 6]), calls.append))) == 6
    assert calls == [2, 1]


def test_empty_table_sends_nothing():
    notebook, transactions, labels = sent(table([], []))
    assert (notebook.sent, transactions.records, labels.records) == ([], 0, 0)


def test_speed_and_rate_together_are_refused():
    with pytest.raises(UserError, match="a speed or a rate, got both"):
        sent(table([1], [1]), speed=1.0, rate=1.0)
