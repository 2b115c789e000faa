"""Arithmetic of the facts about a customer's own transactions, compiled into `kernel.advance`."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math
from collections import namedtuple
from typing import Any

import numpy as np
from numba import uint64

from models.features.compiled import inlined
from schemas.durations import DAY_MS, HOUR_MS

# Written in this order: the windowed facts for each window in turn, then the others.
WINDOWED_FACTS = (
    "count", "sum", "mean", "deviation", "maximum",
    "merchants", "devices", "same_merchant", "z_score", "to_mean", "to_maximum",
)  # fmt: skip
OTHER_FACTS = (
    "amount", "history_count", "usual_gap", "since_last", "new_merchant", "new_device", "distance", "speed",
    "near_share", "away_speed", "to_same_mean", "new_merchants", "since_device", "hour", "night", "weekend",
    "category_risk", "type_risk",
)  # fmt: skip
PER_WINDOW = len(WINDOWED_FACTS)
OTHERS = len(OTHER_FACTS)
_IN: Any = namedtuple("_IN", WINDOWED_FACTS)(*range(PER_WINDOW))
_OF: Any = namedtuple("_OF", OTHER_FACTS)(*range(OTHERS))
"""Offsets of the facts, within those of a window and within the others."""

_NIGHT_ENDS_AT_HOUR = 6
_EARTH_RADIUS_KM = 6371.0088
_NEAR_KM = 100.0
_KM_PER_DEGREE = 111.195
_TILES = 13  # a window, as in history.py
_MIN_ELAPSED_MS = 60_000  # two card readers a street apart within a second are no journey
_FASTEST_KMH = 10_000.0
SEEN = 256  # slots in a hash set of merchants or devices: a power of two, well above K
_BITS = 64  # of a set of devices
_BY_BITS = np.array([round(_BITS * math.log(_BITS / max(_BITS - count, 0.5))) for count in range(_BITS + 1)])
"""Number of devices by the number of bits set: linear counting, Whang et al. 1990."""


@inlined
def _haversine_km(latitude, longitude, from_latitude, from_longitude):
    """Return the great-circle distance of two locations in degrees."""
    latitude, longitude = np.float64(latitude), np.float64(longitude)  # in float32 it would be metres off
    from_latitude, from_longitude = np.float64(from_latitude), np.float64(from_longitude)
    here, there = math.radians(latitude), math.radians(from_latitude)
    north = math.sin((here - there) / 2)
    east = math.sin(math.radians(longitude - from_longitude) / 2)
    square = north * north + math.cos(here) * math.cos(there) * east * east
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, square)))


@inlined
def _is_near(latitude, longitude, cosine, entry):
    """Return whether an entry is within _NEAR_KM of a location, on a plane: without trigonometry per entry."""
    north = np.float64(latitude) - np.float64(entry.latitude)
    turn = abs(np.float64(longitude) - np.float64(entry.longitude))
    east = min(turn, 360.0 - turn) * cosine
    return (north * north + east * east) * (_KM_PER_DEGREE * _KM_PER_DEGREE) <= _NEAR_KM * _NEAR_KM


@inlined
def _speed_kmh(distance, now_ms, entry):
    """Return the speed over a distance since an entry."""
    return min(distance / (max(now_ms - entry.event_time_ms, _MIN_ELAPSED_MS) / HOUR_MS), _FASTEST_KMH)


@inlined
def _close_window(facts, at, count, total, squares, maximum, merchants, devices, same, amount):
    """Write the facts of a window from what was accumulated up to its far end."""
    facts[at + _IN.count] = count
    facts[at + _IN.sum] = total
    facts[at + _IN.merchants] = merchants
    facts[at + _IN.devices] = devices
    facts[at + _IN.same_merchant] = same
    if not count:
        facts[at + _IN.mean] = facts[at + _IN.deviation] = facts[at + _IN.maximum] = np.nan
        facts[at + _IN.z_score] = facts[at + _IN.to_mean] = facts[at + _IN.to_maximum] = np.nan
        return
    average = total / count
    deviation = math.sqrt(squares / count)
    facts[at + _IN.mean] = average
    facts[at + _IN.deviation] = deviation
    facts[at + _IN.maximum] = maximum
    facts[at + _IN.z_score] = (amount - average) / (deviation + 1.0)
    facts[at + _IN.to_mean] = (amount + 1.0) / (average + 1.0)
    facts[at + _IN.to_maximum] = (amount + 1.0) / (maximum + 1.0)


@inlined
def device_bit(device):
    """Return the bit of a device in a set of devices; no bit for no device."""
    return uint64(1) << uint64(device & np.uint32(_BITS - 1)) if device else uint64(0)


@inlined
def _estimate(bits):
    """Return the number of devices in a set, from the number of its bits."""
    count = 0
    while bits:
        bits &= bits - uint64(1)
        count += 1
    return _BY_BITS[count]


@inlined
def _is_new(seen, stamp, value):
    """Add a merchant or device to a hash set, unless it is there.

    A slot holds stamp << 32 | value, so raising the stamp empties the set.
    """
    word = stamp | uint64(value)
    at = value & np.uint32(SEEN - 1)
    while seen[at] >> uint64(32) == stamp >> uint64(32):
        if seen[at] == word:
            return False
        at = (at + np.uint32(1)) & np.uint32(SEEN - 1)
    seen[at] = word
    return True


@inlined
def _close_with_tiles(
    facts, at, count, mean, total, squares, maximum, merchants, devices, bits, same, amount, tiles, window_ms, now_ms
):  # fmt: skip
    """Write the facts of a window that all kept entries lie in: what left them and overlaps it counts too."""
    tile_ms, kept = window_ms // (_TILES - 1), bits
    for tile in tiles:
        start_ms = np.int64(tile.number) * tile_ms
        if not tile.count or start_ms >= now_ms or start_ms + tile_ms <= now_ms - window_ms:
            continue
        together = count + tile.count
        apart = tile.total / tile.count - mean
        squares += tile.squares + apart * apart * count * tile.count / together  # Chan, Golub and LeVeque 1979
        mean += apart * tile.count / together
        count = together
        total += tile.total
        maximum = max(maximum, tile.maximum)
        bits |= tile.devices
    devices += _estimate(bits) - _estimate(kept)
    _close_window(facts, at, count, total, squares, maximum, merchants, devices, same, amount)


@inlined
def describe_windows(
    row, oldest, newest, tiles, tiled, windows_ms, now_ms, amount, merchant, seen, seen_devices, stamp, facts
):  # fmt: skip
    """Write the windowed facts in one pass from the newest earlier entry to the oldest.

    Shorter windows are the beginning of longer ones: each is written as the pass leaves it. A window that the
    pass does not leave may reach back to what is no longer kept one by one.

    Returns
    -------
    same : int
        Number of earlier entries at this merchant.
    same_total : float
        Sum of their amounts.
    """
    count, total, mean, squares, maximum, merchants, same, same_total = 0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0.0
    devices, bits, last_device = 0, uint64(0), np.uint32(0)
    window = 0
    for j in range(newest, oldest - 1, -1):
        entry = row[j]
        while window < windows_ms.size and entry.event_time_ms < now_ms - windows_ms[window]:
            at = window * PER_WINDOW
            _close_window(facts, at, count, total, squares, maximum, merchants, devices, same, amount)
            window += 1
        value = np.float64(entry.amount)
        if entry.merchant == merchant:
            same += 1
            same_total += value
        if window == windows_ms.size:  # older than every window
            continue
        count += 1
        total += value
        difference = value - mean  # Welford: no cancellation however large the amounts
        mean += difference * (1.0 / count)
        squares += difference * (value - mean)
        maximum = max(maximum, value)
        merchants += _is_new(seen, stamp, entry.merchant)
        if entry.device != last_device and entry.device:
            last_device = entry.device
            bits |= device_bit(last_device)
            devices += _is_new(seen_devices, stamp, last_device)
    for left in range(window, windows_ms.size):
        at = left * PER_WINDOW
        if not tiled or oldest:  # entries beyond the horizon are beyond every window
            _close_window(facts, at, count, total, squares, maximum, merchants, devices, same, amount)
            continue
        _close_with_tiles(
            facts, at, count, mean, total, squares, maximum, merchants, devices, bits, same, amount,
            tiles[left * _TILES : (left + 1) * _TILES], windows_ms[left], now_ms,
        )  # fmt: skip
    return same, same_total


@inlined
def _new_merchants(row, oldest, newest, now_ms):
    """Return the number of entries of the last hour at a merchant that no entry before them is at."""
    found = 0
    for j in range(newest, oldest - 1, -1):
        if row[j].event_time_ms < now_ms - HOUR_MS:
            break
        known = False
        for earlier in range(oldest, j):
            known |= row[earlier].merchant == row[j].merchant
        found += not known
    return found


@inlined
def _describe_journey(row, oldest, newest, now_ms, latitude, longitude, facts, at):
    """Write the facts about this location and those of the earlier entries that have one, the newest first."""
    facts[at + _OF.distance] = facts[at + _OF.speed] = facts[at + _OF.near_share] = facts[at + _OF.away_speed] = np.nan
    if math.isnan(latitude):
        return
    located, near, cosine = 0, 0, math.cos(math.radians(np.float64(latitude)))
    for j in range(newest, oldest - 1, -1):
        entry = row[j]
        if math.isnan(entry.latitude):
            continue
        is_near = _is_near(latitude, longitude, cosine, entry)
        if not located or (not is_near and near == located):
            distance = _haversine_km(latitude, longitude, entry.latitude, entry.longitude)
            speed = _speed_kmh(distance, now_ms, entry)
            if not located:
                facts[at + _OF.distance] = distance
                facts[at + _OF.speed] = speed
            if not is_near:
                facts[at + _OF.away_speed] = speed
        located += 1
        near += is_near
    if located:
        facts[at + _OF.near_share] = near / located


@inlined
def describe(
    row, oldest, newest, at, now_ms, amount, same, same_total, device, latitude, longitude, category_risk, type_risk,
    facts,
):  # fmt: skip
    """Write the facts that have no window, from ``at`` on."""
    facts[at + _OF.amount] = amount
    earlier = newest + 1 - oldest
    facts[at + _OF.history_count] = earlier
    if earlier:
        facts[at + _OF.usual_gap] = (now_ms - row[oldest].event_time_ms) / 1000.0 / earlier
        facts[at + _OF.since_last] = (now_ms - row[newest].event_time_ms) / 1000.0
    else:
        facts[at + _OF.usual_gap] = facts[at + _OF.since_last] = np.nan
    facts[at + _OF.new_merchant] = same == 0
    facts[at + _OF.to_same_mean] = (amount + 1.0) / (same_total / same + 1.0) if same else np.nan
    facts[at + _OF.new_merchants] = _new_merchants(row, oldest, newest, now_ms)
    facts[at + _OF.new_device] = facts[at + _OF.since_device] = np.nan
    if device:
        last = newest
        while last >= oldest and row[last].device != device:
            last -= 1
        facts[at + _OF.new_device] = last < oldest
        if last >= oldest:
            facts[at + _OF.since_device] = (now_ms - row[last].event_time_ms) / 1000.0
    _describe_journey(row, oldest, newest, now_ms, latitude, longitude, facts, at)
    hour = now_ms // HOUR_MS % 24
    facts[at + _OF.hour] = hour
    facts[at + _OF.night] = hour < _NIGHT_ENDS_AT_HOUR
    facts[at + _OF.weekend] = (now_ms // DAY_MS + 3) % 7 >= 5  # 1970-01-01 was a Thursday; Monday is 0
    facts[at + _OF.category_risk] = category_risk
    facts[at + _OF.type_risk] = type_risk
