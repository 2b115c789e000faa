"""Checks of a whole batch's values, compiled; `validation` names the reason of each row that fails one."""

from collections.abc import Iterable
from typing import assert_never

import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int32, int64, njit, types

from schemas.column_views import ColumnViews
from schemas.time_units import EARLIEST_MS, LATEST_MS
from schemas.transaction_fields import Bound, Degrees, Field, Role, TextSize, name_of
from schemas.validation import Limits, label_bound_ms

# Arrow's buffers are read-only, which is part of the type. Signatures compile at import, not at the first batch.
_OFFSETS = types.Array(int32, 1, "C", readonly=True)
_LONGS = types.Array(int64, 1, "C", readonly=True)
_DOUBLES = types.Array(float64, 1, "C", readonly=True)
_FLAGS = types.Array(boolean, 1, "C")
_TIMES = types.Array(int64, 1, "C")

_EVENT_TIME, _CURRENCY = name_of(Role.EVENT_TIME), name_of(Role.CURRENCY)
_LATITUDE, _LONGITUDE = name_of(Role.LATITUDE), name_of(Role.LONGITUDE)


def breaks_limits(
    fields: Iterable[Field], columns: ColumnViews, kafka_time_ms: npt.NDArray[np.int64], limits: Limits, now_ms: int = 0
) -> npt.NDArray[np.bool_]:
    """Return which of n records may break a limit on their values, (n,) bool.

    Amounts are held to the smallest bound of any currency: `validation` applies the currency's own to the rows that
    are marked here.
    """
    broken = np.zeros(columns.rows, np.bool_)
    _mark_kafka_times(kafka_time_ms, broken)
    for field in fields:
        name = field.name
        match field.check:
            case TextSize(min_bytes, max_bytes):
                _mark_texts(columns.texts[name], min_bytes, max_bytes, broken)
            case Degrees(max_degrees):
                _mark_degrees(columns.numbers[name], columns.absent[name], max_degrees, broken)
            case Bound.AMOUNT:
                _mark_amounts(columns.numbers[name], _max_amount_minor(columns, limits), broken)
            case Bound.EVENT_TIME:
                max_age_ms = LATEST_MS if limits.max_age_ms is None else limits.max_age_ms
                _mark_event_times(columns.numbers[name], kafka_time_ms, limits.max_ahead_ms, max_age_ms, broken)
            case Bound.PAST_TIME:
                _mark_early_times(columns.numbers[name], broken)
            case Bound.LABEL_TIME:
                latest_ms = label_bound_ms(kafka_time_ms, now_ms, limits)
                _mark_label_times(columns.numbers[_EVENT_TIME], columns.numbers[name], latest_ms, broken)
            case None:
                pass
            case _:
                assert_never(field.check)
    if _LATITUDE in columns.absent:
        broken |= columns.absent[_LATITUDE] != columns.absent[_LONGITUDE]
    return broken


def _max_amount_minor(columns: ColumnViews, limits: Limits) -> int:
    return limits.smallest_max_amount_minor if _CURRENCY in columns.texts else limits.greatest_max_amount_minor


@njit(types.void(_TIMES, _FLAGS), cache=True, nogil=True)
def _mark_kafka_times(kafka_time, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        broken[row] |= kafka_time[row] < EARLIEST_MS or kafka_time[row] >= LATEST_MS


@njit(types.void(_OFFSETS, int64, int64, _FLAGS), cache=True, nogil=True)
def _mark_texts(offsets, min_bytes, max_bytes, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        length = offsets[row + 1] - offsets[row]
        broken[row] |= length < min_bytes or length > max_bytes


@njit(types.void(_DOUBLES, _FLAGS, float64, _FLAGS), cache=True, nogil=True)
def _mark_degrees(degrees, absent, max_degrees, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        # A NaN compares false.
        broken[row] |= not absent[row] and not abs(degrees[row]) <= max_degrees


@njit(types.void(_LONGS, int64, _FLAGS), cache=True, nogil=True)
def _mark_amounts(amount, max_amount, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        broken[row] |= amount[row] < 0 or amount[row] > max_amount


@njit(types.void(_LONGS, _TIMES, int64, int64, _FLAGS), cache=True, nogil=True)
def _mark_event_times(time, kafka_time, max_ahead, max_age, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        broken[row] |= time[row] < EARLIEST_MS or time[row] < kafka_time[row] - max_age
        # Not time - kafka_time: that overflows for a hostile time.
        broken[row] |= time[row] > kafka_time[row] + max_ahead


@njit(types.void(_LONGS, _FLAGS), cache=True, nogil=True)
def _mark_early_times(time, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        broken[row] |= time[row] < EARLIEST_MS


@njit(types.void(_LONGS, _LONGS, _TIMES, _FLAGS), cache=True, nogil=True)
def _mark_label_times(event_time, label_time, latest, broken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(broken)):
        broken[row] |= label_time[row] < event_time[row] or label_time[row] > latest[row]
