"""State of an entity, advanced by its events."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import numpy as np
from numba import uint64

from models.features import cache_lines
from models.features.cache_lines import prefetch
from models.features.compiled import compiled_with, inlined
from models.features.entities import entity_burst, entity_facts, left_ids
from models.features.entities.entity_burst import describe_burst
from models.features.entities.entity_facts import (
    OTHER_FACTS,
    PER_WINDOW,
    REGISTERS,
    TILES,
    UNKNOWN,
    add_tile,
    add_value,
    below,
    describe_windows,
    last_entries,
)
from models.features.entities.left_ids import FILTER_MASK, fill_filter, has_left, keep_id

_OTHERS = len(OTHER_FACTS)
_HORIZON_MS = 90 * 86_400_000  # as in window.py
_BLOOM_MASK = uint64(2_047)
_BLOOM_ADDS = 256
_FIRST, _COUNT = 0, 1  # of a row of ids: index of the first, and their number
_ENTRY_WORDS = 4  # 64-bit words of an entry
_AHEAD = 6  # events between the prefetch of an entity and its use


@inlined
def _may_have_seen(words, customer):
    """Return whether all bits of a customer are set."""
    for shift in (0, 11, 22):
        bit = (customer >> uint64(shift)) & _BLOOM_MASK
        if not (words[np.int64(bit >> uint64(6))] >> (bit & uint64(63))) & uint64(1):
            return False
    return True


@inlined
def _has_seen(seen, customer):
    """Return whether a customer is in a generation of the Bloom filter."""
    return _may_have_seen(seen.words[0], customer) or _may_have_seen(seen.words[1], customer)


@inlined
def _remember_customer(seen, customer):
    """Put a customer into the generation that is filled; a full one becomes the older one."""
    if _may_have_seen(seen.words[0], customer):
        return
    if seen.adds == _BLOOM_ADDS:
        seen.words[1, :] = seen.words[0]
        seen.words[0, :] = 0
        seen.adds = 0
    for shift in (0, 11, 22):
        bit = (customer >> uint64(shift)) & _BLOOM_MASK
        seen.words[0, np.int64(bit >> uint64(6))] |= uint64(1) << (bit & uint64(63))
    seen.adds += 1


@inlined
def _find(entries, slot, count, event):
    """Return the index of the customer's newest entry, -1 for none, and whether the transaction has one."""
    index, known = -1, False
    for j in range(count):
        if entries[slot, j].customer == event.customer:
            index = j
        known |= entries[slot, j].transaction == event.transaction
    return index, known


@inlined
def _follow(sums, tiles, slot, first, number, customer):
    """Keep the sums of a window valid as an event is about to be counted in a tile."""
    if sums.lowest == UNKNOWN:
        return
    if number > sums.lowest + TILES - 1 or sums.lowest <= number < sums.newest:
        sums.lowest = UNKNOWN  # a tile that is summed changes
        return
    if number > sums.newest:
        if sums.newest >= sums.lowest:
            add_tile(sums, tiles[slot, first + sums.newest % TILES])
        sums.newest = number
    if number >= sums.lowest:
        add_value(sums.registers, customer)


@inlined
def _leave(tiles, sums, slot, tiles_ms, customer, event_time_ms, amount, is_new):
    """Count an event that is not kept one by one in a tile of each window."""
    value = np.float64(amount)
    for window in range(tiles_ms.size):
        number = event_time_ms // tiles_ms[window]
        tile = tiles[slot, window * TILES + number % TILES]
        if tile.count and tile.number > number:  # a newer tile is there: the window has left this one
            continue
        _follow(sums[slot, window], tiles, slot, window * TILES, number, customer)
        if not tile.count or tile.number < number:
            tile.number = number
            tile.count = tile.new = 0
            tile.total = tile.squares = 0.0
            tile.maximum = np.float32(0)
            tile.registers[:] = 0
        mean = tile.total / tile.count if tile.count else 0.0
        tile.count += 1
        tile.total += value
        tile.squares += (value - mean) * (value - tile.total / tile.count)
        tile.maximum = max(tile.maximum, amount)
        tile.new += is_new
        add_value(tile.registers, customer)


@inlined
def _clear_older(slot, tiles, sums, seen):
    """Empty what is kept of events that left."""
    for index in range(tiles.shape[1]):
        tiles[slot, index].count = 0
    for window in range(sums.shape[1]):
        sums[slot, window].lowest = UNKNOWN
    seen[slot].adds = 0
    seen[slot].words[:, :] = 0


@inlined
def _push_out(head, slot, tiles, sums, seen, id_filters, ids, tiles_ms, event, is_new):
    """Let an event leave: it is kept in tiles, filters and as an id."""
    if not head.tiled:
        head.tiled = 1
        _clear_older(slot, tiles, sums, seen)
    _leave(tiles, sums, slot, tiles_ms, event.customer, event.event_time_ms, event.amount, is_new)
    _remember_customer(seen[slot], event.customer)
    keep_id(head, slot, ids, id_filters, event.transaction, event.event_time_ms)


@inlined
def _put(entry, event, is_new):
    entry.transaction = event.transaction
    entry.customer = event.customer
    entry.event_time_ms = event.event_time_ms
    entry.amount = event.amount
    entry.is_new = is_new


@inlined
def _insert(
    head, slot, entries, words, tiles, sums, seen, id_filters, ids, tiles_ms, event, is_new, index, size
):  # fmt: skip
    """Put an event among the entries by event time, after its equals; the oldest leaves when they are full.

    Parameters
    ----------
    index : int
        Index of the customer's newest entry, -1 for none.
    size : int
        Entries before the event.
    """
    count, at = head.count, size
    while at < count and entries[slot, at].event_time_ms == event.event_time_ms:
        at += 1
    is_last, last = uint64(index < at), head.last
    if 0 <= index < at:
        last &= ~(uint64(1) << uint64(index))
    earlier, later = last & below(at), last & ~below(at)
    if count < entries.shape[1]:
        for word in range(_ENTRY_WORDS * (count + 1) - 1, _ENTRY_WORDS * (at + 1) - 1, -1):
            words[slot, word] = words[slot, word - _ENTRY_WORDS]
        _put(entries[slot, at], event, is_new)
        head.last = earlier | later << uint64(1) | is_last << uint64(at)
        head.count = count + 1
    elif at:
        oldest = entries[slot, 0]
        _push_out(head, slot, tiles, sums, seen, id_filters, ids, tiles_ms, oldest, oldest.is_new)
        for word in range(_ENTRY_WORDS * (at - 1)):
            words[slot, word] = words[slot, word + _ENTRY_WORDS]
        _put(entries[slot, at - 1], event, is_new)
        head.last = earlier >> uint64(1) | later | is_last << uint64(at - 1)
    else:
        _push_out(head, slot, tiles, sums, seen, id_filters, ids, tiles_ms, event, is_new)


@inlined
def _forget(head, ids):
    """Empty an entity of which nothing is seen any more."""
    head.count = head.tiled = 0
    head.last = uint64(0)
    if head.id_row:
        free = ids[0]
        free[free[-1]] = head.id_row
        free[-1] += 1
        head.id_row = 0


@inlined
def _derive(head, slot, entries, sums, id_filters, ids):
    """Compute again what is kept in memory alone, of an entity that was loaded."""
    head.last = last_entries(entries, slot, head.count)
    for window in range(sums.shape[1]):
        sums[slot, window].lowest = UNKNOWN
    if head.id_row:
        _, transactions, _, spans = ids
        first = spans[head.id_row, _FIRST]
        fill_filter(id_filters, slot, transactions[head.id_row, first : first + spans[head.id_row, _COUNT]])


@inlined
def _prefetch(slot, event, heads, entries, sums, seen, id_filters, spans):
    """Prefetch what an event reads of its entity."""
    head, word = heads[slot], np.int64(event.transaction & FILTER_MASK)
    prefetch(entries.ctypes.data + slot * entries.strides[0], head.count * entries.itemsize)
    if head.tiled:
        prefetch(sums.ctypes.data + slot * sums.strides[0], sums.strides[0])
        prefetch(seen.ctypes.data + slot * seen.itemsize, seen.itemsize)
        prefetch(id_filters.ctypes.data + slot * id_filters.strides[0] + word * id_filters.itemsize, 1)
        prefetch(spans.ctypes.data + head.id_row * spans.strides[0], 1)


@inlined
def _write_features(x, i, facts, fact_indices, missing):
    """Write the facts of the layout's columns, or their missing values."""
    for k in range(fact_indices.size):
        value = np.float32(facts[np.uintp(fact_indices[k])])
        x[i, k] = value if value == value else missing[k]  # noqa: PLR0124  faster than isnan


@inlined
def _describe(
    head, slot, entries, tiles, sums, windows_ms, tiles_ms, event, count, tiled, size, is_new, recent, facts
):  # fmt: skip
    """Write the facts of an event that follows ``size`` of ``count`` entries."""
    now_ms, at = event.event_time_ms, tiles_ms.size * PER_WINDOW
    describe_windows(
        entries, slot, size, count, head.last, tiled, tiles, sums, windows_ms, tiles_ms, now_ms,
        np.float64(event.amount), recent, facts,
    )  # fmt: skip
    facts[at] = (now_ms - head.first_ms) / 1000.0 if count and head.first_ms <= now_ms else np.nan
    facts[at + 1] = (now_ms - entries[slot, size - 1].event_time_ms) / 1000.0 if size else np.nan
    facts[at + 2] = is_new
    describe_burst(entries, slot, size, now_ms, np.float64(event.amount), facts, at + 3)


@inlined
def _ready(head, slot, now_ms, entries, sums, id_filters, ids, adds):
    """Return the number of entries, and whether there are tiles, once what is too old is forgotten."""
    if head.count and not head.last:
        _derive(head, slot, entries, sums, id_filters, ids)
    if head.count and entries[slot, head.count - 1].event_time_ms < now_ms - _HORIZON_MS:
        if adds:
            _forget(head, ids)
        return 0, False
    return np.int64(head.count), head.tiled > 0


@compiled_with(entity_burst, entity_facts, left_ids, cache_lines)
def advance(entities, ids, layout, slots, events, first_sequence, adds, counted, x):
    """Write the features of each event in order, and add it to its entity if ``adds``.

    ``counted`` is 0 for a duplicate, which adds nothing. An event whose sequence number the entity has seen already is
    passed over.

    Parameters
    ----------
    entities : tuple
        `EntityPool.rows`.
    ids : tuple
        `LeftRows.with_room_for` as many as there are events.
    layout : tuple
        `FeatureLayout.arrays`, with columns from 0 on.
    """
    # Functions are given arrays, not tuples: each call counts a tuple's references.
    heads, entries, words, tiles, sums, seen, id_filters = entities
    windows_ms, _, fact_indices, missing = layout
    tiles_ms, spans = windows_ms // (TILES - 1), ids[3]
    facts, recent = np.empty(windows_ms.size * PER_WINDOW + _OTHERS), np.empty(REGISTERS, np.uint8)
    for i in range(events.size):
        if i + _AHEAD < events.size:
            _prefetch(slots[i + _AHEAD], events[i + _AHEAD], heads, entries, sums, seen, id_filters, spans)
        event, slot = events[i], slots[i]
        head, now_ms = heads[slot], event.event_time_ms
        if adds and first_sequence + i <= head.sequence:
            continue
        count, tiled = _ready(head, slot, now_ms, entries, sums, id_filters, ids, adds)
        size = count
        while size and entries[slot, size - 1].event_time_ms >= now_ms:
            size -= 1
        index, known = _find(entries, slot, count, event)
        is_new = index < 0 and not (tiled and _has_seen(seen[slot], event.customer))
        _describe(
            head, slot, entries, tiles, sums, windows_ms, tiles_ms, event, count, tiled, size, is_new, recent, facts
        )  # fmt: skip
        _write_features(x, i, facts, fact_indices, missing)
        if not adds:
            continue
        head.sequence = first_sequence + i
        head.changed = 1
        if not known and head.id_row:
            newest_ms = max(entries[slot, count - 1].event_time_ms, now_ms)
            known = has_left(ids, id_filters, slot, head.id_row, event.transaction, newest_ms)
        counted[i] = not known
        if not known:
            head.first_ms = min(head.first_ms, now_ms) if count else now_ms
            _insert(
                head, slot, entries, words, tiles, sums, seen, id_filters, ids, tiles_ms, event, np.uint32(is_new),
                index, size,
            )  # fmt: skip
