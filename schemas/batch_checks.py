"""Checks of a whole batch in compiled code; what they find wrong is looked into row by row elsewhere."""

import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int32, int64, njit, types

from schemas.label_columns import LabelColumns
from schemas.transaction_columns import TransactionColumns
from schemas.validation import MAX_ID_BYTES, Limits

# Arrow's buffers are read-only, which is part of the type. Signatures compile at import, not at the first batch.
_OFFSETS = types.Array(int32, 1, "C", readonly=True)
_LONGS = types.Array(int64, 1, "C", readonly=True)
_DOUBLES = types.Array(float64, 1, "C", readonly=True)
_FLAGS = types.Array(boolean, 1, "C")
_TIMES = types.Array(int64, 1, "C")


def encoded_bytes(columns: TransactionColumns) -> int:
    """Return how many bytes the transactions take in Avro's canonical binary form, without headers."""
    c = columns
    # A null device is an empty string here, with a length of one byte that the encoding does not have.
    return int(
        _size(
            c.transaction_id, c.customer_id, c.merchant_id, c.merchant_category, c.transaction_type, c.currency,
            c.device_id, c.no_device, c.no_latitude, c.no_longitude, c.amount_minor, c.event_time_ms,
        )
    )  # fmt: skip


def keeps_limits(columns: TransactionColumns, kafka_time_ms: npt.NDArray[np.int64], limits: Limits) -> bool:
    """Say whether every transaction keeps every limit on its values, see `TRANSACTION_CHECKS`."""
    c = columns
    return bool(
        _ids_keep_limits(c)
        and _values_fit(
            c.amount_minor, c.latitude, c.no_latitude, c.longitude, c.no_longitude, c.event_time_ms,
            kafka_time_ms, limits.max_amount_minor, limits.max_ahead_ms,
        )
    )  # fmt: skip


def encoded_label_bytes(columns: LabelColumns) -> int:
    """Return how many bytes the labels take in Avro's canonical binary form, without headers."""
    c = columns
    texts = _strings(c.transaction_id) + _strings(c.customer_id) + _strings(c.merchant_id)
    # The flag takes a byte.
    return int(texts + _longs(c.amount_minor) + _longs(c.event_time_ms) + _longs(c.label_time_ms) + len(c.amount_minor))


def labels_keep_limits(columns: LabelColumns, kafka_time_ms: npt.NDArray[np.int64], limits: Limits) -> bool:
    """Say whether every label keeps every limit on its values, see `LABEL_CHECKS`."""
    c = columns
    return bool(
        _ids_keep_limits(c)
        and _label_values_fit(
            c.amount_minor, c.event_time_ms, c.label_time_ms, kafka_time_ms,
            limits.max_amount_minor, limits.max_ahead_ms,
        )
    )  # fmt: skip


def _ids_keep_limits(columns: TransactionColumns | LabelColumns) -> bool:
    return bool(
        _ids_fit(columns.transaction_id, MAX_ID_BYTES)
        and _ids_fit(columns.customer_id, MAX_ID_BYTES)
        and _ids_fit(columns.merchant_id, MAX_ID_BYTES)
    )


@njit(int64(int64), cache=True, nogil=True)
def _varint(value: int) -> int:
    zigzag = np.uint64((value << 1) ^ (value >> 63))
    size = 1
    while zigzag >= 128:
        zigzag >>= np.uint64(7)
        size += 1
    return size


@njit(int64(_OFFSETS), cache=True, nogil=True)
def _strings(offsets: npt.NDArray[np.int32]) -> int:
    total = 0
    for row in range(len(offsets) - 1):
        length = int(offsets[row + 1] - offsets[row])
        total += length + _varint(length)
    return total


@njit(int64(_LONGS), cache=True, nogil=True)
def _longs(values: npt.NDArray[np.int64]) -> int:
    total = 0
    for row in range(len(values)):
        total += _varint(values[row])
    return total


@njit(int64(*[_OFFSETS] * 7, int64, _FLAGS, _FLAGS, _LONGS, _LONGS), cache=True, nogil=True)
def _size(a, b, c, d, e, f, device, no_device, no_latitude, no_longitude, amount, time):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    total = _strings(a) + _strings(b) + _strings(c) + _strings(d) + _strings(e) + _strings(f)
    total += _strings(device) - no_device
    for row in range(len(amount)):
        total += _varint(amount[row]) + _varint(time[row]) + 3  # a byte for the branch of each of three unions
        total += 8 * ((not no_latitude[row]) + (not no_longitude[row]))
    return total


@njit(boolean(_OFFSETS, int64), cache=True, nogil=True)
def _ids_fit(offsets: npt.NDArray[np.int32], max_bytes: int) -> bool:
    for row in range(len(offsets) - 1):
        length = offsets[row + 1] - offsets[row]
        if length < 1 or length > max_bytes:
            return False
    return True


@njit(boolean(_LONGS, _DOUBLES, _FLAGS, _DOUBLES, _FLAGS, _LONGS, _TIMES, int64, int64), cache=True, nogil=True)
def _values_fit(amount, latitude, no_lat, longitude, no_long, time, kafka_time, max_amount, max_ahead):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(amount)):
        if amount[row] < 0 or amount[row] > max_amount or time[row] < 0:
            return False
        # Not time - kafka_time: that overflows for a hostile time.
        if time[row] > kafka_time[row] + max_ahead:
            return False
        if no_lat[row] != no_long[row]:
            return False
        # A NaN compares false.
        if not no_lat[row] and not (abs(latitude[row]) <= 90.0 and abs(longitude[row]) <= 180.0):
            return False
    return True


@njit(boolean(_LONGS, _LONGS, _LONGS, _TIMES, int64, int64), cache=True, nogil=True)
def _label_values_fit(amount, event_time, label_time, kafka_time, max_amount, max_ahead):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(amount)):
        if amount[row] < 0 or amount[row] > max_amount or event_time[row] < 0:
            return False
        if label_time[row] < event_time[row] or label_time[row] > kafka_time[row] + max_ahead:
            return False
    return True
