# The arithmetic of the features of a customer's own transactions.
# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math

import numpy as np
from numba import uint64

from models.features.compiled import compiled, inlined
from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS

# The facts that `_describe` writes, in this order: the windowed ones for each window in turn, then the
# others.
WINDOWED_FACTS = (
    "count", "sum", "mean", "deviation", "maximum",
    "merchants", "same_merchant", "z_score", "to_mean", "to_maximum",
)  # fmt: skip
OTHER_FACTS = (
    "amount", "history_count", "usual_gap", "since_last", "new_merchant", "new_device", "distance", "speed",
    "hour", "night", "weekend", "category_risk", "type_risk",
)  # fmt: skip

_PER_WINDOW = len(WINDOWED_FACTS)
_OTHERS = len(OTHER_FACTS)
_NIGHT_ENDS_AT_HOUR = 6
_EARTH_RADIUS_KM = 6371.0088
_HORIZON_MS = 90 * DAY_MS  # as in window.py
_TILES = 13  # a window, as in history.py
_MIN_ELAPSED_MS = 60_000  # two card readers a street apart within a second are no journey
_FASTEST_KMH = 10_000.0
_SEEN = 256  # places in the hash set of merchants: a power of two, well above K
_TOO_OLD, _KEPT, _DUPLICATE = 0, 1, 2  # as in batch.py
_DUPLICATE_MINUTES = 7 * 24 * 60  # DUPLICATE_MS and MAX_IDS, as in history.py
_MAX_IDS = 1_024
_FIRST, _COUNT, _UNSCORED = 0, 1, 2  # of a row of ids: where they begin, how many, how many of the last lack a score


@inlined
def _short(hashed):
    """Return the upper half of a hash, so that 0 still means null alone."""
    upper = np.uint32(hashed >> uint64(32))
    return upper if upper or not hashed else np.uint32(1)


@inlined
def _haversine_km(latitude, longitude, from_latitude, from_longitude):
    """Return the great-circle distance of two places in degrees."""
    latitude, longitude = np.float64(latitude), np.float64(longitude)  # in float32 it would be metres off
    from_latitude, from_longitude = np.float64(from_latitude), np.float64(from_longitude)
    here, there = math.radians(latitude), math.radians(from_latitude)
    north = math.sin((here - there) / 2)
    east = math.sin(math.radians(longitude - from_longitude) / 2)
    square = north * north + math.cos(here) * math.cos(there) * east * east
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, square)))


@inlined
def _close_window(facts, at, count, total, squares, maximum, merchants, same, amount):
    """Write the facts of a window from what was accumulated up to its far end."""
    facts[at] = count
    facts[at + 1] = total
    facts[at + 5] = merchants
    facts[at + 6] = same
    if not count:
        facts[at + 2 : at + 5] = np.nan
        facts[at + 7 : at + 10] = np.nan
        return
    average = total / count
    deviation = math.sqrt(squares / count)
    facts[at + 2] = average
    facts[at + 3] = deviation
    facts[at + 4] = maximum
    facts[at + 7] = (amount - average) / (deviation + 1.0)
    facts[at + 8] = (amount + 1.0) / (average + 1.0)
    facts[at + 9] = (amount + 1.0) / (maximum + 1.0)


@inlined
def _is_new(seen, stamp, merchant):
    """Add a merchant to the hash set, unless it is there.

    A place holds stamp << 32 | merchant, so raising the stamp empties the set.
    """
    word = stamp | uint64(merchant)
    at = merchant & np.uint32(_SEEN - 1)
    while seen[at] >> uint64(32) == stamp >> uint64(32):
        if seen[at] == word:
            return False
        at = (at + np.uint32(1)) & np.uint32(_SEEN - 1)
    seen[at] = word
    return True


@inlined
def _close_with_tiles(
    facts, at, count, mean, total, squares, maximum, merchants, same, amount, tiles, window_ms, now_ms
):  # fmt: skip
    """Write the facts of a window that all kept entries lie in: what left them and overlaps it counts too."""
    tile_ms = window_ms // (_TILES - 1)
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
    _close_window(facts, at, count, total, squares, maximum, merchants, same, amount)


@inlined
def _describe_windows(
    row, oldest, newest, tiles, tiled, windows_ms, now_ms, amount, merchant, seen, stamp, facts
):  # fmt: skip
    """Write the windowed facts in one pass from the newest earlier entry to the oldest.

    Shorter windows are the beginning of longer ones: each is written as the pass leaves it. A window that the
    pass does not leave may reach back to what is no longer kept one by one.

    Returns
    -------
    int
        How many of all the earlier entries are at this merchant.
    """
    count, total, mean, squares, maximum, merchants, same = 0, 0.0, 0.0, 0.0, 0.0, 0, 0
    window = 0
    for j in range(newest, oldest - 1, -1):
        entry = row[j]
        while window < windows_ms.size and entry.event_time_ms < now_ms - windows_ms[window]:
            at = window * _PER_WINDOW
            _close_window(facts, at, count, total, squares, maximum, merchants, same, amount)
            window += 1
        same += entry.merchant == merchant
        if window == windows_ms.size:  # older than every window
            continue
        count += 1
        value = np.float64(entry.amount)
        total += value
        difference = value - mean  # Welford: no cancellation however large the amounts
        mean += difference * (1.0 / count)
        squares += difference * (value - mean)
        maximum = max(maximum, value)
        merchants += _is_new(seen, stamp, entry.merchant)
    for left in range(window, windows_ms.size):
        at = left * _PER_WINDOW
        if not tiled or oldest:  # entries beyond the horizon are beyond every window
            _close_window(facts, at, count, total, squares, maximum, merchants, same, amount)
            continue
        _close_with_tiles(
            facts, at, count, mean, total, squares, maximum, merchants, same, amount,
            tiles[left * _TILES : (left + 1) * _TILES], windows_ms[left], now_ms,
        )  # fmt: skip
    return same


@inlined
def _describe_journey(row, oldest, newest, now_ms, latitude, longitude, facts, at):
    """Write distance and speed from the newest earlier entry that has a place."""
    facts[at] = facts[at + 1] = np.nan
    if math.isnan(latitude):
        return
    for j in range(newest, oldest - 1, -1):
        entry = row[j]
        if not math.isnan(entry.latitude):
            distance = _haversine_km(latitude, longitude, entry.latitude, entry.longitude)
            elapsed_ms = max(now_ms - entry.event_time_ms, _MIN_ELAPSED_MS)
            facts[at] = distance
            facts[at + 1] = min(distance / (elapsed_ms / HOUR_MS), _FASTEST_KMH)
            return


@inlined
def _describe(row, oldest, newest, at, now_ms, amount, same, device, latitude, longitude, facts):
    """Write the facts that have no window, from ``at`` on; the two risks are the caller's."""
    facts[at] = amount
    earlier = newest + 1 - oldest
    facts[at + 1] = earlier
    if earlier:
        facts[at + 2] = (now_ms - row[oldest].event_time_ms) / 1000.0 / earlier
        facts[at + 3] = (now_ms - row[newest].event_time_ms) / 1000.0
    else:
        facts[at + 2] = facts[at + 3] = np.nan
    facts[at + 4] = same == 0
    facts[at + 5] = np.nan
    if device:
        known = False
        for j in range(oldest, newest + 1):
            known |= row[j].device == device
        facts[at + 5] = not known
    _describe_journey(row, oldest, newest, now_ms, latitude, longitude, facts, at + 6)
    hour = now_ms // HOUR_MS % 24
    facts[at + 8] = hour
    facts[at + 9] = hour < _NIGHT_ENDS_AT_HOUR
    facts[at + 10] = (now_ms // DAY_MS + 3) % 7 >= 5  # 1970-01-01 was a Thursday; Monday is 0


@inlined
def _newest_before(row, count, now_ms):
    """Return the newest entry with event_time < now, or -1."""
    newest = count - 1
    while newest >= 0 and row[newest].event_time_ms >= now_ms:
        newest -= 1
    return newest


@inlined
def _oldest_seen(row, newest, now_ms):
    """Return the oldest of the entries up to ``newest`` that is within the horizon, or newest + 1."""
    oldest = 0
    while oldest <= newest and row[oldest].event_time_ms < now_ms - _HORIZON_MS:
        oldest += 1
    return oldest


@inlined
def _find(row, count, transaction):
    """Return the entry of a transaction, or -1."""
    found = -1
    for j in range(count):
        if row[j].transaction == transaction:
            found = j
    return found


@inlined
def _find_id(transactions, minutes, span, transaction, oldest_minute):
    """Return which of a row of ids is a transaction's and not older than a minute, or -1."""
    first, end = span[_FIRST], span[_FIRST] + span[_COUNT]
    known = False
    for j in range(first, end):  # without a way out, so that it is vectorised
        known |= transactions[j] == transaction
    if known:
        for j in range(end - 1, first - 1, -1):
            if transactions[j] == transaction and minutes[j] >= oldest_minute:
                return j
    return -1


@inlined
def _append_id(transactions, minutes, scores, span, transaction, minute, score):
    """Append an id to a row, of which the first leaves when it has all it may."""
    first, count = span[_FIRST], span[_COUNT]
    if count == _MAX_IDS:
        first += 1
        count -= 1
    if first + count == transactions.size or first > count + 64:  # so that few pages of the row are touched
        for j in range(count):
            transactions[j] = transactions[first + j]
            minutes[j] = minutes[first + j]
            scores[j] = scores[first + j]
        first = 0
    transactions[first + count] = transaction
    minutes[first + count] = minute
    scores[first + count] = score
    span[_FIRST] = first
    span[_COUNT] = count + 1
    span[_UNSCORED] = min(span[_UNSCORED] + 1, count + 1)


@inlined
def _first_score(row, count, ids, id_row, transaction):
    """Return the score that a transaction is kept with, among the entries or the ids, or NaN when it is unknown."""
    found = _find(row, count, transaction)
    if found >= 0:
        return row[found].score
    if id_row:
        _, transactions, minutes, scores, spans = ids
        oldest = row[count - 1].event_time_ms // MINUTE_MS - _DUPLICATE_MINUTES
        found = _find_id(transactions[id_row], minutes[id_row], spans[id_row], transaction, oldest)
        if found >= 0:
            return scores[id_row, found]
    return np.float32(np.nan)


@inlined
def _keep_id(id_rows, ids, slot, transaction, time_ms, score, newest_ms):
    """Keep the id of a transaction that leaves a customer's entries, and forget those that are too old by now.

    A customer without ids has row 0. ``free`` holds the rows that no one has, and at its end how many these are.
    """
    free, transactions, minutes, scores, spans = ids
    oldest = newest_ms // MINUTE_MS - _DUPLICATE_MINUTES
    minute = time_ms // MINUTE_MS
    row = id_rows[slot]
    if row:
        span = spans[row]
        while span[_COUNT] and minutes[row, span[_FIRST]] < oldest:
            span[_FIRST] += 1
            span[_COUNT] -= 1
        span[_UNSCORED] = min(span[_UNSCORED], span[_COUNT])
        if minute < oldest and not span[_COUNT]:
            free[free[-1]] = row
            free[-1] += 1
            id_rows[slot] = 0
    if minute < oldest:
        return
    if not row:
        free[-1] -= 1
        row = id_rows[slot] = free[free[-1]]
        spans[row, :] = 0
    _append_id(transactions[row], minutes[row], scores[row], spans[row], transaction, minute, score)


@inlined
def _put(entry, transaction, event_time_ms, amount, merchant, device, score, latitude, longitude):
    entry.transaction = transaction
    entry.event_time_ms = event_time_ms
    entry.amount = amount
    entry.merchant = merchant
    entry.device = device
    entry.score = score
    entry.latitude = latitude
    entry.longitude = longitude


@inlined
def _lay_tiles(tiles, tiled, slot):
    """Empty the tiles of a customer that had none: what is there may be another's."""
    if tiled[slot]:
        return
    tiled[slot] = 1
    for tile in tiles:
        tile.number = tile.count = 0
        tile.total = tile.squares = tile.maximum = 0.0


@inlined
def _add_to_tiles(tiles, windows_ms, event_time_ms, amount):
    """Count a transaction that is not kept one by one in a tile of each window."""
    value = np.float64(amount)
    for window in range(windows_ms.size):
        number = event_time_ms // (windows_ms[window] // (_TILES - 1))
        tile = tiles[window * _TILES + number % _TILES]
        if tile.count and tile.number > number:  # a newer tile has its place, the window has left this one
            continue
        if not tile.count or tile.number < number:
            tile.number = number
            tile.count = 1
            tile.total = tile.maximum = value
            tile.squares = 0.0
            continue
        difference = value - tile.total / tile.count
        tile.count += 1
        tile.total += value
        tile.squares += difference * (value - tile.total / tile.count)
        tile.maximum = max(tile.maximum, value)


@inlined
def _place_of(row, count, now_ms):
    """Return where an event belongs in a row, after its equals."""
    place = count
    while place > 0 and row[place - 1].event_time_ms > now_ms:
        place -= 1
    return place


@inlined
def _make_room(row, count, place):
    """Move others aside for an event, and return its place; of a full row the oldest is moved out."""
    if count < row.size:
        for j in range(count, place, -1):
            row[j] = row[j - 1]
        return place
    for j in range(1, place):
        row[j - 1] = row[j]
    return place - 1


@compiled
def advance(
    entries, counts, tiles, tiled, id_rows, ids, slots, windows_ms, columns, codes, missing,
    transactions, times_ms, amounts_minor, minor_units, merchants, devices, latitudes, longitudes,
    category_risk, type_risk, x, ingest_status, first_index, first_score,
):  # fmt: skip
    """Write the features of each event in order and take it into its customer's history.

    `FeatureEngine.advance` and `FeatureBatch` say what comes in and out. Of ``x`` it writes ``columns``;
    ``codes`` gives for each of them its place in the facts, ``missing`` what stands for NaN there. A new entry's
    score is -(1 + its index) until `remember`.
    """
    facts = np.empty(windows_ms.size * _PER_WINDOW + _OTHERS)
    seen = np.zeros(_SEEN, np.uint64)
    for i in range(slots.size):
        row = entries[slots[i]]
        count = counts[slots[i]]
        now_ms = times_ms[i]
        amount = np.float32(amounts_minor[i] / minor_units[i])
        merchant, device = _short(merchants[i]), _short(devices[i])
        latitude, longitude = np.float32(latitudes[i]), np.float32(longitudes[i])
        if math.isnan(latitude) or math.isnan(longitude):  # half a place is none
            latitude = longitude = np.float32(np.nan)

        newest = _newest_before(row, count, now_ms)
        oldest = _oldest_seen(row, newest, now_ms)
        stamp = uint64(i + 1) << uint64(32)
        same = _describe_windows(
            row, oldest, newest, tiles[slots[i]], tiled[slots[i]], windows_ms, now_ms, np.float64(amount), merchant,
            seen, stamp, facts,
        )  # fmt: skip
        at = windows_ms.size * _PER_WINDOW
        _describe(row, oldest, newest, at, now_ms, np.float64(amount), same, device, latitude, longitude, facts)
        facts[facts.size - 2] = category_risk[i]
        facts[facts.size - 1] = type_risk[i]
        for c in range(codes.size):
            value = facts[codes[c]]
            x[i, columns[c]] = missing[c] if math.isnan(value) else np.float32(value)

        first_index[i] = -1
        first_score[i] = np.nan
        score = _first_score(row, count, ids, id_rows[slots[i]], transactions[i])
        if not math.isnan(score):
            ingest_status[i] = _DUPLICATE
            if score < 0:
                first_index[i] = -1 - np.int64(score)
            else:
                first_score[i] = score
            continue
        place = _place_of(row, count, now_ms)
        if count == row.size:
            _lay_tiles(tiles[slots[i]], tiled, slots[i])
            newest_ms = max(now_ms, row[count - 1].event_time_ms)
            if not place:
                _add_to_tiles(tiles[slots[i]], windows_ms, now_ms, amount)
                _keep_id(id_rows, ids, slots[i], transactions[i], now_ms, np.float32(-1.0 - i), newest_ms)
                ingest_status[i] = _TOO_OLD
                continue
            leaving = row[0]
            _add_to_tiles(tiles[slots[i]], windows_ms, leaving.event_time_ms, leaving.amount)
            _keep_id(id_rows, ids, slots[i], leaving.transaction, leaving.event_time_ms, leaving.score, newest_ms)
        place = _make_room(row, count, place)
        ingest_status[i] = _KEPT
        counts[slots[i]] = min(count + 1, row.size)
        _put(row[place], transactions[i], now_ms, amount, merchant, device, -1.0 - i, latitude, longitude)


@compiled
def remember(entries, counts, id_rows, id_scores, spans, slots, ingest_status, first_index, first_score, scores, final):
    """Write the scores into the entries that `advance` made, and each event's final score into ``final``."""
    for i in range(slots.size):
        final[i] = scores[i]
        if first_index[i] >= 0:
            final[i] = scores[first_index[i]]
        elif ingest_status[i] == _DUPLICATE:
            final[i] = first_score[i]
        elif ingest_status[i] == _KEPT:
            row = entries[slots[i]]
            for j in range(counts[slots[i]]):
                if row[j].score < 0:
                    row[j].score = scores[-1 - np.int64(row[j].score)]
        ids = id_rows[slots[i]]
        if ids and spans[ids, _UNSCORED]:
            end = spans[ids, _FIRST] + spans[ids, _COUNT]
            for j in range(end - spans[ids, _UNSCORED], end):
                if id_scores[ids, j] < 0:
                    id_scores[ids, j] = scores[-1 - np.int64(id_scores[ids, j])]
            spans[ids, _UNSCORED] = 0
