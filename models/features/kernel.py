"""Histories of customers: features of each transaction, duplicates, and insertion, compiled."""

# The arithmetic of the features of a customer's own transactions.
# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math

import numpy as np
from numba import uint64

from models.features import customer_facts, customer_ids
from models.features.compiled import compiled_with, inlined
from models.features.customer_facts import OTHERS, PER_WINDOW, SEEN, describe, describe_windows, device_bit
from models.features.customer_ids import COUNT, FIRST, UNSCORED, find_id, keep_id, oldest_minute
from schemas.durations import DAY_MS

_HORIZON_MS = 90 * DAY_MS  # as in window.py
_TILES = 13  # a window, as in history.py
_TOO_OLD, _KEPT, _DUPLICATE = 0, 1, 2  # as in batch.py


@inlined
def _short(hashed):
    """Return the upper half of a hash, so that 0 still means null alone."""
    upper = np.uint32(hashed >> uint64(32))
    return upper if upper or not hashed else np.uint32(1)


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
def _first_score(row, count, ids, id_row, transaction):
    """Return the score that a transaction is kept with, among the entries or the ids, or NaN when it is unknown."""
    found = _find(row, count, transaction)
    if found >= 0:
        return row[found].score
    if id_row:
        _, transactions, minutes, scores, spans = ids
        oldest = oldest_minute(row[count - 1].event_time_ms)
        found = find_id(transactions[id_row], minutes[id_row], spans[id_row], transaction, oldest)
        if found >= 0:
            return scores[id_row, found]
    return np.float32(np.nan)


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
        tile.devices = uint64(0)
        tile.total = tile.squares = tile.maximum = 0.0


@inlined
def _add_to_tiles(tiles, windows_ms, event_time_ms, amount, device):
    """Count a transaction that is not kept one by one in a tile of each window."""
    value, bit = np.float64(amount), device_bit(device)
    for window in range(windows_ms.size):
        number = event_time_ms // (windows_ms[window] // (_TILES - 1))
        tile = tiles[window * _TILES + number % _TILES]
        if tile.count and tile.number > number:  # a newer tile has its slot, the window has left this one
            continue
        if not tile.count or tile.number < number:
            tile.number = number
            tile.count = 1
            tile.total = tile.maximum = value
            tile.squares = 0.0
            tile.devices = bit
            continue
        difference = value - tile.total / tile.count
        tile.count += 1
        tile.total += value
        tile.squares += difference * (value - tile.total / tile.count)
        tile.maximum = max(tile.maximum, value)
        tile.devices |= bit


@inlined
def _index_of(row, count, now_ms):
    """Return where an event belongs in a row, after its equals."""
    index = count
    while index > 0 and row[index - 1].event_time_ms > now_ms:
        index -= 1
    return index


@inlined
def _make_room(row, count, index):
    """Move others aside for an event, and return its index; of a full row the oldest is moved out."""
    if count < row.size:
        for j in range(count, index, -1):
            row[j] = row[j - 1]
        return index
    for j in range(1, index):
        row[j - 1] = row[j]
    return index - 1


@inlined
def _note(changes, i, entries, counts, tiled, id_rows, spans, changed, slot, index):
    """Note a customer before a transaction is added, see `CHANGE`."""
    head, row = changes[0][i], id_rows[slot]
    head.slot = slot
    head.count = counts[slot]
    head.index = index - 1 if counts[slot] == entries.shape[1] else index
    head.id_row = row
    head.first_id = spans[row, FIRST]
    head.ids = spans[row, COUNT]
    head.unscored = spans[row, UNSCORED]
    head.tiled = tiled[slot]
    head.changed = changed[slot]
    head.is_open = 1
    head.moved_ids = 0


@inlined
def _note_tiles(changes, i, tiles, windows_ms, leaving):
    """Note what a transaction that leaves the entries will change."""
    changes[0][i].tiled_ms = leaving.event_time_ms
    changes[1][i] = leaving
    for window in range(windows_ms.size):
        number = leaving.event_time_ms // (windows_ms[window] // (_TILES - 1))
        changes[2][i, window] = tiles[window * _TILES + number % _TILES]


@inlined
def _add(
    entries, counts, tiles, tiled, id_rows, ids, changed, slot, windows_ms, added, i, changes
):  # fmt: skip
    """Add a transaction to its customer's history, note the change unless ``changes`` is empty, return its status."""
    row, count, entry = entries[slot], counts[slot], added[i]
    index = _index_of(row, count, entry.event_time_ms)
    undoable = changes[0].size > 0
    if undoable:
        _note(changes, i, entries, counts, tiled, id_rows, ids[4], changed, slot, index)
    changed[slot] = 1
    if count == row.size:
        leaving = entry
        if index:
            leaving = row[0]
        if undoable:
            _note_tiles(changes, i, tiles[slot], windows_ms, leaving)
        _lay_tiles(tiles[slot], tiled, slot)
        newest_ms = max(entry.event_time_ms, row[count - 1].event_time_ms)
        _add_to_tiles(tiles[slot], windows_ms, leaving.event_time_ms, leaving.amount, leaving.device)
        keep_id(id_rows, ids, slot, leaving, newest_ms, undoable)
        if undoable:
            head = changes[0][i]
            head.moved_ids = head.id_row != 0 and head.id_row != id_rows[slot]
        if not index:
            return _TOO_OLD
    index = _make_room(row, count, index)
    counts[slot] = min(count + 1, row.size)
    row[index] = entry
    return _KEPT


@compiled_with(customer_facts, customer_ids)
def advance(
    entries, counts, tiles, tiled, id_rows, ids, changed, slots, windows_ms, columns, fact_indices, missing,
    transactions, times_ms, amounts_minor, minor_units, merchants, devices, latitudes, longitudes,
    category_risk, type_risk, x, ingest_status, first_index, first_score, added, changes,
):  # fmt: skip
    """Write the features of each event in order and add it to its customer's history.

    `FeatureEngine.advance` and `FeatureBatch` say what comes in and out; ``changes`` is empty where nothing is to be
    undone. Of ``x`` it writes ``columns``;
    ``fact_indices`` gives for each of them its index in the facts, ``missing`` the value of NaN there. A new entry's
    score is -(1 + its index) until `remember`.
    """
    facts = np.empty(windows_ms.size * PER_WINDOW + OTHERS)
    seen, seen_devices = np.zeros(SEEN, np.uint64), np.zeros(SEEN, np.uint64)
    for i in range(slots.size):
        row = entries[slots[i]]
        count = counts[slots[i]]
        now_ms = times_ms[i]
        amount = np.float32(amounts_minor[i] / minor_units[i])
        merchant, device = _short(merchants[i]), _short(devices[i])
        latitude, longitude = np.float32(latitudes[i]), np.float32(longitudes[i])
        if math.isnan(latitude) or math.isnan(longitude):  # half a location is none
            latitude = longitude = np.float32(np.nan)

        newest = _newest_before(row, count, now_ms)
        oldest = _oldest_seen(row, newest, now_ms)
        stamp = uint64(i + 1) << uint64(32)
        same, same_total = describe_windows(
            row, oldest, newest, tiles[slots[i]], tiled[slots[i]], windows_ms, now_ms, np.float64(amount), merchant,
            seen, seen_devices, stamp, facts,
        )  # fmt: skip
        at = windows_ms.size * PER_WINDOW
        describe(
            row, oldest, newest, at, now_ms, np.float64(amount), same, same_total, device, latitude, longitude,
            category_risk[i], type_risk[i], facts,
        )  # fmt: skip
        for c in range(fact_indices.size):
            value = facts[fact_indices[c]]
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
        _put(added[i], transactions[i], now_ms, amount, merchant, device, -1.0 - i, latitude, longitude)
        ingest_status[i] = _add(
            entries, counts, tiles, tiled, id_rows, ids, changed, slots[i], windows_ms, added, i, changes
        )


@compiled_with(customer_facts, customer_ids)
def restore(entries, counts, tiles, tiled, id_rows, ids, changed, slots, windows_ms, added, changes):
    """Add transactions that an `advance` added before, with their scores; ``changes`` is empty."""
    for i in range(slots.size):
        _add(entries, counts, tiles, tiled, id_rows, ids, changed, slots[i], windows_ms, added, i, changes)
        ids[4][id_rows[slots[i]], UNSCORED] = 0


@compiled_with(customer_ids)
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
        if ids and spans[ids, UNSCORED]:
            end = spans[ids, FIRST] + spans[ids, COUNT]
            for j in range(end - spans[ids, UNSCORED], end):
                if id_scores[ids, j] < 0:
                    id_scores[ids, j] = scores[-1 - np.int64(id_scores[ids, j])]
            spans[ids, UNSCORED] = 0
