"""Limits that a decoded transaction must keep to be scored, and a label to be learned from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_buffers import is_null, numbers, string_offsets
from schemas.currency import MAX_AMOUNT_MINOR, MAX_AMOUNTS_MINOR, by_currency
from schemas.durations import DAY_MS
from schemas.rejection import Reason, Rejection
from schemas.time_units import EARLIEST_MS, LATEST_MS, may_be_seconds, unit_hint
from schemas.transaction_fields import MAX_TEXT_BYTES, TRANSACTION_FIELDS, Degrees, Role, TextSize, name_of

Mask = npt.NDArray[np.bool_]

NOT_UTF8 = "\ufffd"
BYTE_ORDER_MARKS = ("\ufeff", "\ufffe")
"""PyFlink's thread mode reads these, where a text begins with one, as marks of the text's encoding."""

_SIZES = {field.name: field.check for field in TRANSACTION_FIELDS if isinstance(field.check, TextSize)}
_IDS = tuple(name for name, size in _SIZES.items() if size.min_bytes)
_TEXTS = tuple(name for name in _SIZES if name not in _IDS)
_DEGREES = {field.name: field.check for field in TRANSACTION_FIELDS if isinstance(field.check, Degrees)}
_REPORTED = {
    Reason.INVALID_AMOUNT: (name_of(Role.AMOUNT), name_of(Role.CURRENCY)),
    Reason.INVALID_PLACE: tuple(_DEGREES),
    Reason.INVALID_TEXT: _TEXTS,
    Reason.INVALID_ID: _IDS,
    Reason.KEY_MISMATCH: (name_of(Role.RECORD_KEY),),
}
"""Columns whose values the detail of a rejection shows."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits on the values of transactions and labels.

    Attributes
    ----------
    max_amount_minor : int
        Largest amount in minor units; the smallest is 0.
    max_amounts_minor : mapping of str to int
        Largest amounts of currencies that another bound holds for.
    max_ahead_ms : int
        Maximum lead of a transaction's event time over the Kafka record's timestamp, and of a label's own time over
        that or the wall clock, whichever is later, in milliseconds.
    max_age_ms : int or None
        Maximum delay of a transaction's event time against the Kafka record's timestamp; None: any time from 2000 on.
    max_record_bytes : int
        Largest size of an encoded record. Its dead letter holds no more bytes of a larger one.
    """

    max_amount_minor: int = MAX_AMOUNT_MINOR
    max_amounts_minor: Mapping[str, int] = field(default_factory=lambda: dict(MAX_AMOUNTS_MINOR))
    max_ahead_ms: int = DAY_MS
    max_age_ms: int | None = None
    max_record_bytes: int = 64 * 1024

    @property
    def smallest_max_amount_minor(self) -> int:
        """The bound that no amount in range breaks, in any currency."""
        return min([self.max_amount_minor, *self.max_amounts_minor.values()])

    @property
    def greatest_max_amount_minor(self) -> int:
        """The bound of an amount without a currency, as a label's."""
        return max([self.max_amount_minor, *self.max_amounts_minor.values()])


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
    now_ms : int
        The wall clock, which bounds a label's time.
    """

    records: pa.RecordBatch
    keys: Sequence[str | None]
    kafka_time_ms: npt.NDArray[np.int64]
    now_ms: int = 0


class Check(NamedTuple):
    """One limit, checked for a whole batch.

    Attributes
    ----------
    reason : Reason
        Why a row that breaks it is set aside.
    expected : str
        Description of the limit, for messages.
    broken : callable
        Gives where it is broken, (n,) bool, or None for nowhere.
    reported : tuple of str
        Columns whose values the detail of a rejection shows; empty: those that the reason is about.
    """

    reason: Reason
    expected: str
    broken: Callable[[Arrival, Limits], Mask | None]
    reported: tuple[str, ...] = ()


def event_time_ms(records: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the event times of n transactions, (n,) int64 milliseconds since 1970."""
    return numbers(records.column("event_time"), np.int64)


def label_time_ms(records: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return when n labels became known, (n,) int64 milliseconds since 1970."""
    return numbers(records.column("label_time"), np.int64)


def reject(arrival: Arrival, limits: Limits, checks: Sequence[Check]) -> list[Rejection]:
    """Return the rows that break a limit, each with the first reason that applies, in row order."""
    found: dict[int, Rejection] = {}
    for reason, expected, broken, reported in checks:
        mask = broken(arrival, limits)
        if mask is None:
            continue
        for row in np.flatnonzero(mask).tolist():
            found.setdefault(row, Rejection(row, reason, f"{expected}, got {_was(reason, reported, arrival, row)}"))
    return [found[row] for row in sorted(found)]


def wrong_keys(records: pa.RecordBatch, keys: Sequence[str | None]) -> Mask:
    """Return where a record's key is not its customer_id, (n,) bool.

    A key that is not UTF-8 comes with U+FFFD instead of what is not, and one that begins with a byte order mark
    as U+FFFD, see `topology`. So a key with it may be another's, and is in another shard than the customer of that
    name would: these customers have no key at all.
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
    for name in _IDS:
        broken |= _wrong_size(arrival, name)
    return broken


def _invalid_text(arrival: Arrival, _: Limits) -> Mask | None:
    broken = np.zeros(len(arrival.records), dtype=bool)
    for name in set(_TEXTS) & set(arrival.records.schema.names):
        broken |= _wrong_size(arrival, name)
    return broken


def _wrong_size(arrival: Arrival, name: str) -> Mask:
    sizes, limits = np.diff(string_offsets(arrival.records.column(name))), _SIZES[name]
    return (sizes < limits.min_bytes) | (sizes > limits.max_bytes)


def _invalid_amount(arrival: Arrival, limits: Limits) -> Mask | None:
    amount = numbers(arrival.records.column("amount_minor"), np.int64)
    if "currency" not in arrival.records.schema.names:
        return (amount < 0) | (amount > limits.greatest_max_amount_minor)
    bounds = by_currency(arrival.records.column("currency"), limits.max_amounts_minor, limits.max_amount_minor)
    return (amount < 0) | (amount > bounds)


def _invalid_location(arrival: Arrival, _: Limits) -> Mask | None:
    columns = {name: arrival.records.column(name) for name in _DEGREES}
    absent = [is_null(column) for column in columns.values()]
    # One coordinate alone would silently count as none.
    broken = np.logical_xor(*absent)
    for (name, column), missing in zip(columns.items(), absent, strict=True):
        # A NaN compares false, so the negation finds it too.
        broken |= ~missing & ~(np.abs(numbers(column, np.float64)) <= _DEGREES[name].max_degrees)
    return broken


def _invalid_kafka_time(arrival: Arrival, _: Limits) -> Mask | None:
    return (arrival.kafka_time_ms < EARLIEST_MS) | (arrival.kafka_time_ms >= LATEST_MS)


def _invalid_event_time(arrival: Arrival, _: Limits) -> Mask | None:
    times = event_time_ms(arrival.records)
    return (times < 0) | may_be_seconds(times)  # type: ignore[no-any-return]


def _too_early(arrival: Arrival, _: Limits) -> Mask | None:
    return event_time_ms(arrival.records) < EARLIEST_MS


def _too_old(arrival: Arrival, limits: Limits) -> Mask | None:
    if limits.max_age_ms is None:
        return None
    return event_time_ms(arrival.records) < arrival.kafka_time_ms - limits.max_age_ms


def _event_time_ahead(arrival: Arrival, limits: Limits) -> Mask | None:
    # Not the difference: that overflows for a hostile time.
    return event_time_ms(arrival.records) > arrival.kafka_time_ms + limits.max_ahead_ms


def _invalid_label_time(arrival: Arrival, _: Limits) -> Mask | None:
    return label_time_ms(arrival.records) < event_time_ms(arrival.records)


def _label_time_ahead(arrival: Arrival, limits: Limits) -> Mask | None:
    return label_time_ms(arrival.records) > label_bound_ms(arrival.kafka_time_ms, arrival.now_ms, limits)


def label_bound_ms(kafka_time_ms: npt.NDArray[np.int64], now_ms: int, limits: Limits) -> npt.NDArray[np.int64]:
    """Return the latest times that n labels may have.

    A label may be stamped with its event's time, days before it was known: then the wall clock bounds it. A batch that
    is decoded again after a failure meets a later clock, which admits more and never less. A label that was refused
    and is then admitted counts from its own time on, as any label that comes late.
    """
    return np.maximum(kafka_time_ms, now_ms) + limits.max_ahead_ms


def _was(reason: Reason, reported: tuple[str, ...], arrival: Arrival, row: int) -> str:
    columns = reported or _REPORTED.get(reason, ())
    if columns:
        known = [name for name in columns if name in arrival.records.schema.names]
        return ", ".join(repr(arrival.records.column(name)[row].as_py())[:80] for name in known)
    if reason is Reason.NULL_KEY:
        return "null"
    kafka = int(arrival.kafka_time_ms[row])
    if reason is Reason.INVALID_KAFKA_TIME:
        hint = " (it is missing)" if -1_000 <= kafka <= 0 else _hint(arrival.kafka_time_ms[row])
        return f"{kafka} ms since 1970{hint}. Set it in the producer, or message.timestamp.type=LogAppendTime."
    if reason is Reason.INVALID_LABEL_TIME:
        event, label = event_time_ms(arrival.records)[row], label_time_ms(arrival.records)[row]
        return f"{label} ms since 1970{_hint(label)} for an event at {event} ms"
    times = label_time_ms if reason is Reason.LABEL_TIME_AHEAD else event_time_ms
    time_ms = times(arrival.records)[row]
    return f"{time_ms} ms since 1970{_hint(time_ms)} at Kafka time {kafka} ms"


def _hint(time_ms: np.int64) -> str:
    hint = unit_hint(int(time_ms))
    return f" (it {hint})" if hint else ""


_OF_BOTH = (
    Check(Reason.NULL_KEY, "expected customer_id as the record's key", _null_key),
    Check(Reason.KEY_MISMATCH, "expected the record's key to be its customer_id", _key_mismatch),
    Check(Reason.INVALID_ID, f"expected ids of 1 to {MAX_TEXT_BYTES} bytes", _invalid_id),
    Check(Reason.INVALID_AMOUNT, "expected an amount from 0 to the limit of its currency", _invalid_amount),
    Check(Reason.INVALID_TEXT, f"expected texts of at most {MAX_TEXT_BYTES} bytes", _invalid_text),
)

# Before the times that are compared with it: it is to blame then, and not they.
_KAFKA_TIME = Check(
    Reason.INVALID_KAFKA_TIME, "expected a Kafka timestamp in milliseconds, from 2000 to 2099", _invalid_kafka_time
)
_EVENT_TIME = (
    Check(Reason.INVALID_EVENT_TIME, "expected an event time in milliseconds since 1970", _invalid_event_time),
    Check(Reason.EVENT_TIME_TOO_OLD, "expected an event time from 2000-01-01 on", _too_early),
)

TRANSACTION_CHECKS = (
    *_OF_BOTH,
    Check(Reason.INVALID_PLACE, "expected both coordinates or none, within 90 and 180 degrees", _invalid_location),
    *_EVENT_TIME,
    _KAFKA_TIME,
    Check(Reason.EVENT_TIME_TOO_OLD, "expected an event time within job.max_event_age_days of Kafka's", _too_old),
    Check(Reason.EVENT_TIME_AHEAD, "expected an event time near Kafka's or before", _event_time_ahead),
)

LABEL_CHECKS = (
    *_OF_BOTH,
    *_EVENT_TIME,
    _KAFKA_TIME,
    Check(Reason.INVALID_LABEL_TIME, "expected a label time from the event time on", _invalid_label_time),
    Check(Reason.LABEL_TIME_AHEAD, "expected a label time near Kafka's, the clock's, or before", _label_time_ahead),
)
