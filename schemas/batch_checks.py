"""Limits on the values of a whole batch, in compiled code; why a row breaks one is looked into elsewhere."""

import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int32, int64, njit, types

from schemas.label_columns import LabelColumns
from schemas.time_units import EARLIEST_MS, LATEST_MS
from schemas.transaction_columns import TransactionColumns
from schemas.validation import MAX_TEXT_BYTES, Limits, label_bound_ms

# Arrow's buffers are read-only, which is part of the type. Signatures compile at import, not at the first batch.
_OFFSETS = types.Array(int32, 1, "C", readonly=True)
_LONGS = types.Array(int64, 1, "C", readonly=True)
_DOUBLES = types.Array(float64, 1, "C", readonly=True)
_FLAGS = types.Array(boolean, 1, "C")
_TIMES = types.Array(int64, 1, "C")


def breaks_limits(
    columns: TransactionColumns,
    kafka_time_ms: npt.NDArray[np.int64],
    limits: Limits,
    _now_ms: int = 0,
) -> npt.NDArray[np.bool_]:
    """Say of each transaction whether it may break a limit on its values, see `TRANSACTION_CHECKS`.

    Amounts are held to the least bound of any currency here: which one holds is looked into where that is broken.
    """
    c = columns
    broken = _ids_break_limits(c)
    for offsets in (c.merchant_category, c.transaction_type, c.currency, c.device_id):
        _mark_texts(offsets, 0, MAX_TEXT_BYTES, broken)
    _mark_values(
        c.amount_minor, c.latitude, c.no_latitude, c.longitude, c.no_longitude, c.event_time_ms,
        kafka_time_ms, limits.least_max_amount_minor, limits.max_ahead_ms,
        LATEST_MS if limits.max_age_ms is None else limits.max_age_ms, broken,
    )  # fmt: skip
    return broken


def labels_break_limits(
    columns: LabelColumns, kafka_time_ms: npt.NDArray[np.int64], limits: Limits, now_ms: int
) -> npt.NDArray[np.bool_]:
    """Say of each label whether it breaks a limit on its values, see `LABEL_CHECKS`."""
    c = columns
    broken = _ids_break_limits(c)
    _mark_label_values(
        c.amount_minor, c.event_time_ms, c.label_time_ms, kafka_time_ms,
        limits.greatest_max_amount_minor, label_bound_ms(kafka_time_ms, now_ms, limits), broken,
    )  # fmt: skip
    return broken


def _ids_break_limits(columns: TransactionColumns | LabelColumns) -> npt.NDArray[np.bool_]:
    broken = np.zeros(len(columns.amount_minor), np.bool_)
    for offsets in (columns.transaction_id, columns.customer_id, columns.merchant_id):
        _mark_texts(offsets, 1, MAX_TEXT_BYTES, broken)
    return broken


@njit(types.void(_OFFSETS, int64, int64, _FLAGS), cache=True, nogil=True)
def _mark_texts(offsets, least, most, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        length = offsets[row + 1] - offsets[row]
        broken[row] |= length < least or length > most


@njit(
    types.void(_LONGS, _DOUBLES, _FLAGS, _DOUBLES, _FLAGS, _LONGS, _TIMES, int64, int64, int64, _FLAGS),
    cache=True, nogil=True,
)  # fmt: skip
def _mark_values(  # type: ignore[no-untyped-def]  # noqa: ANN202
    amount, latitude, no_lat, longitude, no_long, time, kafka_time, max_amount, max_ahead, max_age, broken,  # noqa: ANN001
):  # fmt: skip
    for row in range(len(broken)):
        broken[row] |= amount[row] < 0 or amount[row] > max_amount or time[row] < EARLIEST_MS
        broken[row] |= kafka_time[row] < EARLIEST_MS or kafka_time[row] >= LATEST_MS
        broken[row] |= time[row] < kafka_time[row] - max_age
        # Not time - kafka_time: that overflows for a hostile time.
        broken[row] |= time[row] > kafka_time[row] + max_ahead
        broken[row] |= no_lat[row] != no_long[row]
        # A NaN compares false.
        broken[row] |= not no_lat[row] and not (abs(latitude[row]) <= 90.0 and abs(longitude[row]) <= 180.0)


@njit(types.void(_LONGS, _LONGS, _LONGS, _TIMES, int64, _TIMES, _FLAGS), cache=True, nogil=True)
def _mark_label_values(amount, event_time, label_time, kafka_time, max_amount, latest, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        broken[row] |= amount[row] < 0 or amount[row] > max_amount or event_time[row] < EARLIEST_MS
        broken[row] |= kafka_time[row] < EARLIEST_MS or kafka_time[row] >= LATEST_MS
        broken[row] |= label_time[row] < event_time[row] or label_time[row] > latest[row]
