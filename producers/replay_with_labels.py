"""Replay in which every label precedes the transactions that may use it."""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from producers.encoding import ROWS_AT_ONCE, Record, encode_labels, encode_transactions
from producers.publisher import Progress, Published, Publisher
from producers.replay import in_order, milliseconds, rows_at_once, schedule_of
from producers.schedule import Schedule
from schemas.columns import known_labels
from schemas.declaration.declaration import Declaration
from schemas.registry import SchemaRegistry, value_subject

SLICE_S = 0.25
"""How early a label may come when the pace is set; a flush a slice costs some milliseconds."""


def replay_with_labels(
    table: pa.Table,
    publisher: Publisher,
    topic: str,
    label_topic: str,
    registry: SchemaRegistry,
    *,
    speed: float | None = None,
    rate: float | None = None,
    on_progress: Progress | None = None,
    declaration: Declaration | None = None,
) -> tuple[Published, Published]:
    """Publish transactions in the order of their event times, each after all labels known by then are delivered.

    The transactions go out in slices. The labels that became known up to a slice's last event time are sent before
    it and waited for, so a label may come a slice too early and never too late. Labels that become known after the
    last transaction are left out.

    Parameters
    ----------
    table : pa.Table
        In the columns of LABELLED_ARROW; rows whose label is unknown have none to send.
    publisher, topic, label_topic, registry
        Destination; the registry gives the schemas' ids.
    speed, rate
        As in `replay`; the rate is that of the transactions.
    declaration : Declaration, optional
        See `encode_transactions`.
    on_progress : callable or None
        Called with the number of transactions sent so far.

    Returns
    -------
    tuple of Published
        Of the transactions, handed over, and of the labels, delivered; `publisher.flush()` waits for the others.

    Raises
    ------
    UserError
        Both speed and rate are given, one of them is not above 0, the producer failed for good, or a label was not
        delivered.
    """
    ordered, labels = in_order(table, "event_time"), in_order(known_labels(table), "label_time")
    schedule, needed = schedule_of(ordered, "event_time", speed, rate), labels_needed(ordered, labels)
    labels = labels.slice(0, needed[-1] if len(needed) else 0)
    rows = rows_at_once(schedule, rate)
    left = encode_labels(labels, registry, value_subject(label_topic), rows_at_once=rows)

    def send_labels(count: int) -> None:
        publisher.publish(islice(left, count), label_topic)
        publisher.flush()

    records = encode_transactions(ordered, registry, value_subject(topic), rows_at_once=rows, declaration=declaration)
    guarded = after_labels(records, needed, slice_ends(len(ordered), schedule), send_labels)
    sent = publisher.publish(guarded, topic, schedule=schedule, on_progress=on_progress)
    return sent, Published(records=len(labels), seconds=sent.seconds, behind_ms=0.0)


def labels_needed(transactions: pa.Table, labels: pa.Table) -> NDArray[np.int64]:
    """Return how many of the labels each of the n transactions may use, (n,); both tables in their order."""
    event_times, label_times = milliseconds(transactions, "event_time"), milliseconds(labels, "label_time")
    return np.searchsorted(label_times, event_times, side="right")


def slice_ends(count: int, schedule: Schedule | None) -> Iterator[int]:
    """Yield where each slice of `count` transactions ends: after ROWS_AT_ONCE, or after what is due within SLICE_S."""
    end = 0
    while end < count:
        begin, end = end, min(end + ROWS_AT_ONCE, count)
        if schedule is not None:
            end = min(end, max(begin + 1, schedule.due(schedule.moment_s(begin) + SLICE_S)))
        yield end


def after_labels(
    transactions: Iterator[Record],
    needed: NDArray[np.int64],
    ends: Iterator[int],
    send_labels: Callable[[int], None],
) -> Iterator[Record]:
    """Yield the transactions, each slice once `send_labels` has delivered so many more labels as it needs."""
    begin, known = 0, 0
    for end in ends:
        wanted = int(needed[end - 1])
        if wanted > known:
            send_labels(wanted - known)
        yield from islice(transactions, end - begin)
        begin, known = end, wanted
