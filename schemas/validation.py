"""Limits that a decoded transaction must keep to be scored, and a label to be learned from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_buffers import is_null, numbers, string_offsets
from schemas.rejection import Reason, Rejection

Mask = npt.NDArray[np.bool_]

MAX_TEXT_BYTES = 256
"""Of an id, a category, a currency, a device: so what is made of a record is small too, and no broker refuses it."""

FIRST_EVENT_TIME_MS = 0
NOT_UTF8 = "\ufffd"
BYTE_ORDER_MARKS = ("\ufeff", "\ufffe")
"""PyFlink's thread mode takes these, where a text begins with one, for marks of the text's encoding."""

_TEXTS = ("merchant_category", "transaction_type", "currency", "device_id")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a transaction and its label may say.

    Attributes
    ----------
    max_amount_minor : int
        Largest amount in minor units; the smallest is 0.
    max_ahead_ms : int
        How far a transaction's event time, or a label's own time, may lie after the Kafka record's timestamp, in
        milliseconds.
    max_record_bytes : int
        Largest size of an encoded record. Its dead letter holds no more bytes of a larger one.
    """

    max_amount_minor: int = 10_000_000_000
    max_ahead_ms: int = 24 * 3_600_000
    max_record_bytes: int = 64 * 1024


@dataclass(frozen=True)
class Arrival:
    """A batch of decoded records, with what Kafka says of each.

    Attributes
    ----------
    records : pyarrow.RecordBatch
        n rows of TRANSACTION_ARROW or LABEL_ARROW.
    keys : sequence of str or None
        The n record keys.
    kafka_time_ms : (n,) int64
        The n record timestamps, milliseconds since 1970.
    """

    records: pa.RecordBatch
    keys: Sequence[str | None]
    kafka_time_ms: npt.NDArray[np.int64]


class Check(NamedTuple):
    """One limit, looked into for a whole batch.

    Attributes
    ----------
    reason : Reason
        Why a row that breaks it is set aside.
    expected : str
        What is asked, for people.
    broken : callable
        Gives where it is broken, (n,) bool, or None for nowhere.
    """

    reason: Reason
    expected: str
    broken: Callable[[Arrival, Limits], Mask | None]


def event_time_ms(records: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the event times of n transactions, (n,) int64 milliseconds since 1970."""
    return numbers(records.column("event_time"), np.int64)


def label_time_ms(records: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return when n labels became known, (n,) int64 milliseconds since 1970."""
    return numbers(records.column("label_time"), np.int64)


def reject(arrival: Arrival, limits: Limits, checks: Sequence[Check]) -> list[Rejection]:
    """Return the rows that break a limit, each with the first reason that applies, in row order."""
    found: dict[int, Rejection] = {}
    for reason, expected, broken in checks:
        mask = broken(arrival, limits)
        if mask is None:
            continue
        for row in np.flatnonzero(mask).tolist():
            found.setdefault(row, Rejection(row, reason, f"{expected}, was {_was(reason, arrival, row)}"))
    return [found[row] for row in sorted(found)]


def wrong_keys(records: pa.RecordBatch, keys: Sequence[str | None]) -> Mask:
    """Return where a record's key is not its customer_id, (n,) bool.

    A key that is not UTF-8 comes with U+FFFD in the place of what is not, and one that begins with a byte order mark
    as U+FFFD, see `topology`. So a key with it may be another's, and lies in another shard than the customer of that
    name would: such customers have no key at all.
    """
    customers = records.column("customer_id").to_numpy(zero_copy_only=False).tolist()
    same = [key == customer and _may_be_key(customer) for key, customer in zip(keys, customers, strict=True)]
    return ~np.array(same, dtype=bool)


def _may_be_key(customer: str) -> bool:
    return NOT_UTF8 not in customer and not customer.startswith(BYTE_ORDER_MARKS)


def _null_key(arrival: Arrival, _: Limits) -> Mask | None:
    if None not in arrival.keys:
        return None
    return np.array([key is None for key in arrival.keys])


def _key_mismatch(arrival: Arrival, _: Limits) -> Mask | None:
    return wrong_keys(arrival.records, arrival.keys)


def _invalid_id(arrival: Arrival, _: Limits) -> Mask | None:
    broken = np.zeros(len(arrival.records), dtype=bool)
    for name in ("transaction_id", "customer_id", "merchant_id"):
        lengths = np.diff(string_offsets(arrival.records.column(name)))
        broken |= (lengths == 0) | (lengths > MAX_TEXT_BYTES)
    return broken


def _invalid_text(arrival: Arrival, _: Limits) -> Mask | None:
    broken = np.zeros(len(arrival.records), dtype=bool)
    for name in _TEXTS:
        broken |= np.diff(string_offsets(arrival.records.column(name))) > MAX_TEXT_BYTES
    return broken


def _invalid_amount(arrival: Arrival, limits: Limits) -> Mask | None:
    amount = numbers(arrival.records.column("amount_minor"), np.int64)
    return (amount < 0) | (amount > limits.max_amount_minor)


def _invalid_place(arrival: Arrival, _: Limits) -> Mask | None:
    latitude, longitude = arrival.records.column("latitude"), arrival.records.column("longitude")
    no_latitude, no_longitude = is_null(latitude), is_null(longitude)
    # Half a place is no place: the other half would silently be taken as missing.
    broken = no_latitude != no_longitude
    for column, missing, bound in ((latitude, no_latitude, 90.0), (longitude, no_longitude, 180.0)):
        # A NaN compares false, so the negation finds it too.
        broken |= ~missing & ~(np.abs(numbers(column, np.float64)) <= bound)
    return broken  # type: ignore[no-any-return]


def _invalid_event_time(arrival: Arrival, _: Limits) -> Mask | None:
    return event_time_ms(arrival.records) < FIRST_EVENT_TIME_MS


def _event_time_ahead(arrival: Arrival, limits: Limits) -> Mask | None:
    # Not the difference: that overflows for a hostile time.
    return event_time_ms(arrival.records) > arrival.kafka_time_ms + limits.max_ahead_ms


def _invalid_label_time(arrival: Arrival, _: Limits) -> Mask | None:
    return label_time_ms(arrival.records) < event_time_ms(arrival.records)


def _label_time_ahead(arrival: Arrival, limits: Limits) -> Mask | None:
    return label_time_ms(arrival.records) > arrival.kafka_time_ms + limits.max_ahead_ms


def _was(reason: Reason, arrival: Arrival, row: int) -> str:
    columns = {
        Reason.INVALID_AMOUNT: ("amount_minor",),
        Reason.INVALID_PLACE: ("latitude", "longitude"),
        Reason.INVALID_TEXT: _TEXTS,
        Reason.INVALID_ID: ("transaction_id", "customer_id", "merchant_id"),
        Reason.KEY_MISMATCH: ("customer_id",),
    }.get(reason, ())
    if columns:
        return ", ".join(repr(arrival.records.column(name)[row].as_py())[:80] for name in columns)
    if reason is Reason.NULL_KEY:
        return "null"
    if reason is Reason.INVALID_LABEL_TIME:
        event, label = event_time_ms(arrival.records)[row], label_time_ms(arrival.records)[row]
        return f"{label} ms since 1970 for an event at {event} ms"
    times = label_time_ms if reason is Reason.LABEL_TIME_AHEAD else event_time_ms
    return f"{times(arrival.records)[row]} ms since 1970 at Kafka time {arrival.kafka_time_ms[row]} ms"


_OF_BOTH = (
    Check(Reason.NULL_KEY, "expected customer_id as the record's key", _null_key),
    Check(Reason.KEY_MISMATCH, "expected the record's key to be its customer_id", _key_mismatch),
    Check(Reason.INVALID_ID, f"expected ids of 1 to {MAX_TEXT_BYTES} bytes", _invalid_id),
    Check(Reason.INVALID_AMOUNT, "expected an amount from 0 to the limit", _invalid_amount),
)

_SINCE_1970 = Check(Reason.INVALID_EVENT_TIME, "expected an event time from 1970 on", _invalid_event_time)

TRANSACTION_CHECKS = (
    *_OF_BOTH,
    Check(Reason.INVALID_TEXT, f"expected texts of at most {MAX_TEXT_BYTES} bytes", _invalid_text),
    Check(Reason.INVALID_PLACE, "expected both coordinates or none, within 90 and 180 degrees", _invalid_place),
    _SINCE_1970,
    Check(Reason.EVENT_TIME_AHEAD, "expected an event time near Kafka's or before", _event_time_ahead),
)

LABEL_CHECKS = (
    *_OF_BOTH,
    _SINCE_1970,
    Check(Reason.INVALID_LABEL_TIME, "expected a label time from the event time on", _invalid_label_time),
    Check(Reason.LABEL_TIME_AHEAD, "expected a label time near Kafka's or before", _label_time_ahead),
)
