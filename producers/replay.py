"""Replay of recorded transactions and labels."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from producers.encoding import ROWS_AT_ONCE, encode_labels, encode_transactions
from producers.publisher import Progress, Published, Publisher
from producers.schedule import ConstantRate, EventClock, Schedule
from schemas.columns import known_labels
from schemas.declaration.declaration import Declaration
from schemas.errors import UserError
from schemas.registry import SchemaRegistry, value_subject

PACED_ROWS_AT_ONCE = 256
"""Encoded in about a millisecond, so that it does not show in the pace."""
PACED_RATE = 20_000


def replay(
    table: pa.Table,
    publisher: Publisher,
    topic: str,
    registry: SchemaRegistry,
    *,
    speed: float | None = None,
    rate: float | None = None,
    on_progress: Progress | None = None,
    declaration: Declaration | None = None,
) -> Published:
    """Publish the transactions of a canonical table in the order of their event times.

    Parameters
    ----------
    table : pa.Table
        As `schemas.columns.read_history` or `simulate` gives it.
    publisher, topic, registry
        Destination; the registry gives the schema's id.
    speed : float or None
        Multiple of event time: 3600 replays an hour in a second.
    rate : float or None
        Events a second instead. With neither: as fast as the broker takes them.
    declaration : Declaration, optional
        See `encode_transactions`.
    on_progress : callable or None
        Called with the number sent so far.

    Returns
    -------
    Published
        Handed over; `publisher.flush()` waits for delivery.

    Raises
    ------
    UserError
        Both speed and rate are given, one of them is not above 0, or the producer failed for good.
    """
    ordered = in_order(table, "event_time")
    schedule = schedule_of(ordered, "event_time", speed, rate)
    rows = rows_at_once(schedule, rate)
    records = encode_transactions(ordered, registry, value_subject(topic), rows_at_once=rows, declaration=declaration)
    return publisher.publish(records, topic, schedule=schedule, on_progress=on_progress)


def replay_labels(
    table: pa.Table,
    publisher: Publisher,
    topic: str,
    registry: SchemaRegistry,
    *,
    speed: float | None = None,
    rate: float | None = None,
    on_progress: Progress | None = None,
) -> Published:
    """Publish the labels of a canonical table in the order in which they become known.

    As `replay`, but `speed` is a multiple of `label_time`. Rows whose label is unknown have none to send.
    """
    ordered = in_order(known_labels(table), "label_time")
    schedule = schedule_of(ordered, "label_time", speed, rate)
    rows = rows_at_once(schedule, rate)
    records = encode_labels(ordered, registry, value_subject(topic), rows_at_once=rows)
    return publisher.publish(records, topic, schedule=schedule, on_progress=on_progress)


def rows_at_once(schedule: Schedule | None, rate: float | None) -> int:
    """Return how many rows to encode together: few where an even pace matters more than the cost."""
    paced = schedule is not None and (rate is None or rate <= PACED_RATE)
    return PACED_ROWS_AT_ONCE if paced else ROWS_AT_ONCE


def in_order(table: pa.Table, by: str) -> pa.Table:
    """Sort the rows by a time unless they are; rows of the same millisecond keep their order."""
    times_ms = milliseconds(table, by)
    if (np.diff(times_ms) >= 0).all():
        return table
    return table.take(pa.array(np.argsort(times_ms, kind="stable")))


def schedule_of(table: pa.Table, by: str, speed: float | None, rate: float | None) -> Schedule | None:
    """Return the schedule of a table that is in the order of the time `by`; None for as fast as it goes."""
    if speed is not None and rate is not None:
        raise UserError(f"expected a speed or a rate, got both ({speed} and {rate}): leave one out")
    if rate is not None:
        return ConstantRate(rate)
    return None if speed is None else EventClock(milliseconds(table, by), speed)


def milliseconds(table: pa.Table, column: str) -> NDArray[np.int64]:
    """Return a column of times, (n,) int64 milliseconds since 1970."""
    times: NDArray[np.int64] = table[column].cast(pa.int64()).to_numpy()
    return times
