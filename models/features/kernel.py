# The arithmetic of every feature. Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
import math

import numpy as np
from numba import from_dtype, types, uint64

from models.features.compiled import compiled, inlined
from models.features.history import ENTRY

# The facts that `_describe` writes, in this order: the windowed ones for each window in turn, then the others.
WINDOWED_FACTS = (
    "count", "sum", "mean", "deviation", "maximum", "merchants", "same_merchant", "z_score", "to_mean", "to_maximum",
)  # fmt: skip
OTHER_FACTS = (
    "amount", "history_count", "usual_gap", "since_last", "new_merchant", "new_device", "distance", "speed",
    "hour", "night", "weekend", "category_risk", "type_risk",
)  # fmt: skip

_PER_WINDOW = len(WINDOWED_FACTS)
_OTHERS = len(OTHER_FACTS)
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_NIGHT_ENDS_AT_HOUR = 6
_EARTH_RADIUS_KM = 6371.0088
_LEAST_ELAPSED_MS = 60_000  # two card readers a street apart within a second are no journey
_FASTEST_KMH = 10_000.0
_SEEN = 256  # places in the hash set of merchants: a power of two, well above K
_TOO_OLD, _KEPT, _DUPLICATE = 0, 1, 2  # as in batch.py


@inlined
def _short(hashed):
    """Return the upper half of a hash, so that 0 still means null alone."""
    upper = np.uint32(hashed >> uint64(32))
    return upper if upper or not hashed else np.uint32(1)


@inlined
def _haversine_km(latitude, longitude, from_latitude, from_longitude):
    """Return the great-circle distance of two places in degrees."""
    here, there = math.radians(latitude), math.radians(from_latitude)
    north = math.sin((here - there) / 2)
    east = math.sin(math.radians(longitude - from_longitude) / 2)
    square = north * north + math.cos(here) * math.cos(there) * east * east
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, square)))


@inlined
def _close_window(facts, at, count, total, mean, squares, maximum, merchants, same, amount):
    """Write the facts of a window from what was accumulated up to its far end."""
    facts[at] = count
    facts[at + 1] = total
    facts[at + 5] = merchants
    facts[at + 6] = same
    if count:
        average = total / count
        deviation = math.sqrt(squares / count)
        facts[at + 2] = average
        facts[at + 3] = deviation
        facts[at + 4] = maximum
        facts[at + 7] = (amount - average) / (deviation + 1.0)
        facts[at + 8] = (amount + 1.0) / (average + 1.0)
        facts[at + 9] = (amount + 1.0) / (maximum + 1.0)
    else:
        facts[at + 2 : at + 5] = np.nan
        facts[at + 7 : at + 10] = np.nan


@inlined
def _describe(row, count, windows_ms, now_ms, amount, merchant, device, latitude, longitude, seen, stamp, facts):
    """Write the facts of one event (NaN where undefined) from the entries before it, newest to oldest, in one pass.

    ``seen`` is a hash set of merchants that is emptied by raising ``stamp``: a place holds stamp << 32 | merchant.
    """
    newest = count - 1
    while newest >= 0 and row[newest].event_time_ms >= now_ms:
        newest -= 1
    earlier, total, mean, squares, maximum, merchants, same = 0, 0.0, 0.0, 0.0, 0.0, 0, 0
    device_known = False
    place = -1
    window = 0
    for j in range(newest, -1, -1):
        entry = row[j]
        while window < windows_ms.size and entry.event_time_ms < now_ms - windows_ms[window]:
            _close_window(
                facts, window * _PER_WINDOW, earlier, total, mean, squares, maximum, merchants, same, amount
            )
            window += 1
        earlier += 1
        if entry.merchant == merchant:
            same += 1
        if entry.device == device:
            device_known = True
        if place < 0 and entry.latitude == entry.latitude:  # not NaN
            place = j
        if window == windows_ms.size:  # older than every window
            continue
        value = np.float64(entry.amount)
        total += value
        difference = value - mean  # Welford: no cancellation however large the amounts
        mean += difference * (1.0 / earlier)
        squares += difference * (value - mean)
        maximum = max(maximum, value)
        word = stamp | uint64(entry.merchant)
        at = entry.merchant & np.uint32(_SEEN - 1)
        while seen[at] >> uint64(32) == stamp >> uint64(32) and seen[at] != word:
            at = (at + np.uint32(1)) & np.uint32(_SEEN - 1)
        if seen[at] != word:
            seen[at] = word
            merchants += 1
    while window < windows_ms.size:
        _close_window(
            facts, window * _PER_WINDOW, earlier, total, mean, squares, maximum, merchants, same, amount
        )
        window += 1

    at = windows_ms.size * _PER_WINDOW
    facts[at] = amount
    facts[at + 1] = earlier
    facts[at + 2 : at + 8] = np.nan
    if earlier:
        facts[at + 2] = (now_ms - row[0].event_time_ms) / 1000.0 / earlier
        facts[at + 3] = (now_ms - row[newest].event_time_ms) / 1000.0
    facts[at + 4] = 0.0 if same else 1.0
    if device:
        facts[at + 5] = 0.0 if device_known else 1.0
    if place >= 0 and latitude == latitude:
        distance = _haversine_km(latitude, longitude, row[place].latitude, row[place].longitude)
        elapsed_ms = max(now_ms - row[place].event_time_ms, _LEAST_ELAPSED_MS)
        facts[at + 6] = distance
        facts[at + 7] = min(distance / (elapsed_ms / _HOUR_MS), _FASTEST_KMH)
    hour = now_ms // _HOUR_MS % 24
    facts[at + 8] = hour
    facts[at + 9] = hour < _NIGHT_ENDS_AT_HOUR
    facts[at + 10] = (now_ms // _DAY_MS + 3) % 7 >= 5  # 1970-01-01 was a Thursday; Monday is 0


@inlined
def _find(row, count, transaction):
    """Return the entry of a transaction, or -1."""
    found = -1
    for j in range(count):
        if row[j].transaction == transaction:
            found = j
    return found


@inlined
def _make_room(row, count, now_ms):
    """Return the place for an event (after its equals) having moved others aside; -1: older than all of a full row."""
    place = count
    while place > 0 and row[place - 1].event_time_ms > now_ms:
        place -= 1
    if count < row.size:
        for j in range(count, place, -1):
            row[j] = row[j - 1]
        return place
    for j in range(1, place):
        row[j - 1] = row[j]
    return place - 1


@compiled
def advance(
    entries, counts, slots, windows_ms, codes, missing,
    transactions, times_ms, amounts_minor, merchants, devices, latitudes, longitudes, category_risk, type_risk,
    x, fate, first_index, first_score,
):  # fmt: skip
    """Write the features of each event in order and take it into its customer's history.

    `FeatureEngine.advance` and `FeatureBatch` say what comes in and out. ``codes`` gives for each column of ``x`` its
    place in the facts, ``missing`` what stands for NaN there. A new entry's score is -(1 + its index) until `remember`.
    """
    facts = np.empty(windows_ms.size * _PER_WINDOW + _OTHERS)
    seen = np.zeros(_SEEN, np.uint64)
    for i in range(slots.size):
        row = entries[slots[i]]
        count = counts[slots[i]]
        now_ms = times_ms[i]
        amount = np.float32(amounts_minor[i] / 100.0)
        merchant, device = _short(merchants[i]), _short(devices[i])
        latitude, longitude = np.float32(latitudes[i]), np.float32(longitudes[i])
        if latitude != latitude or longitude != longitude:  # half a place is none
            latitude = longitude = np.float32(np.nan)

        stamp = uint64(i + 1) << uint64(32)
        _describe(
            row, count, windows_ms, now_ms, np.float64(amount), merchant, device, latitude, longitude, seen, stamp,
            facts,
        )  # fmt: skip
        facts[facts.size - 2] = category_risk[i]
        facts[facts.size - 1] = type_risk[i]
        for column in range(codes.size):
            value = facts[codes[column]]
            x[i, column] = missing[column] if value != value else np.float32(value)

        first_index[i] = -1
        first_score[i] = np.nan
        original = _find(row, count, transactions[i])
        if original >= 0:
            fate[i] = _DUPLICATE
            if row[original].score < 0:
                first_index[i] = -1 - np.int64(row[original].score)
            else:
                first_score[i] = row[original].score
            continue
        place = _make_room(row, count, now_ms)
        if place < 0:
            fate[i] = _TOO_OLD
            continue
        fate[i] = _KEPT
        counts[slots[i]] = min(count + 1, row.size)
        entry = row[place]
        entry.transaction = transactions[i]
        entry.event_time_ms = now_ms
        entry.amount = amount
        entry.merchant = merchant
        entry.device = device
        entry.score = -1.0 - i
        entry.latitude = latitude
        entry.longitude = longitude


@compiled
def remember(entries, counts, slots, fate, first_index, first_score, scores, final):
    """Write the scores into the entries that `advance` made, and each event's final score into ``final``."""
    for i in range(slots.size):
        final[i] = scores[i]
        if first_index[i] >= 0:
            final[i] = scores[first_index[i]]
        elif fate[i] == _DUPLICATE:
            final[i] = first_score[i]
        elif fate[i] == _KEPT:
            row = entries[slots[i]]
            for j in range(counts[slots[i]]):
                if row[j].score < 0:
                    row[j].score = scores[-1 - np.int64(row[j].score)]


def _vector(dtype, *, readonly=True):
    return types.Array(dtype, 1, "C", readonly=readonly)


_ENTRIES = types.Array(from_dtype(ENTRY), 2, "C")
_HASHES, _INTS = _vector(types.uint64), _vector(types.int64)
_FLOATS, _DOUBLES = _vector(types.float32), _vector(types.float64)
_COUNTS = _vector(types.int32, readonly=False)
_OUT_FLOATS = _vector(types.float32, readonly=False)

ADVANCE_SIGNATURE = (
    _ENTRIES, _COUNTS, _INTS, _INTS, _INTS, _FLOATS,
    _HASHES, _INTS, _INTS, _HASHES, _HASHES, _DOUBLES, _DOUBLES, _FLOATS, _FLOATS,
    types.Array(types.float32, 2, "C"), _vector(types.uint8, readonly=False), _vector(types.int64, readonly=False),
    _OUT_FLOATS,
)  # fmt: skip
REMEMBER_SIGNATURE = (
    _ENTRIES, _COUNTS, _INTS, _vector(types.uint8), _INTS, _FLOATS, _FLOATS, _OUT_FLOATS,
)  # fmt: skip
