"""Arithmetic of the live features of an entity."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math

import numpy as np
from numba import uint64

from models.features.compiled import compiled_with, inlined
from models.features.entities import entity_burst
from models.features.entities.entity_burst import BURST_FACTS, describe_burst

# The facts that `advance` finds, in this order: the windowed ones for each window in turn, then the others.
WINDOWED_FACTS = (
    "entity_count", "entity_sum", "entity_mean", "entity_deviation", "entity_maximum", "entity_customers",
    "entity_new_share", "entity_z_score", "entity_to_mean",
)  # fmt: skip
OTHER_FACTS = ("entity_age", "entity_since_last", "entity_is_new_customer", *BURST_FACTS)

_PER_WINDOW = len(WINDOWED_FACTS)
_OTHERS = len(OTHER_FACTS)
_HORIZON_MS = 90 * 86_400_000  # as in window.py
_TILES = 13  # a window, as in entity_record.py, like the constants below
_REGISTERS = 64
_BLOOM_MASK = uint64(2_047)
_BLOOM_ADDS = 256
_MAX_LEFT_IDS = 1_024
_MINUTE_MS = 60_000
_DUPLICATE_MINUTES = 7 * 24 * 60
_SET = 128  # places in the hash set of customers: a power of two, above RECENT
_FIRST, _COUNT = 0, 1  # of a row of ids: index of the first, and their number
_ALPHA = 0.709 * _REGISTERS * _REGISTERS  # Flajolet et al. 2007, for 64 registers


@inlined
def _register(registers, customer):
    """Add a customer to a HyperLogLog sketch."""
    index = np.int64(customer >> uint64(58))
    rest = customer << uint64(6)
    rank = 1
    while rank < 59 and not rest >> uint64(63):
        rest <<= uint64(1)
        rank += 1
    registers[index] = max(registers[index], np.uint8(rank))


@inlined
def _estimate(registers):
    """Return the number of different customers in a sketch; few are counted by the empty registers."""
    total, empty = 0.0, 0
    for register in registers:
        total += 1.0 / (uint64(1) << uint64(register))
        empty += register == 0
    found = _ALPHA / total
    if empty and found <= 2.5 * _REGISTERS:
        found = _REGISTERS * math.log(_REGISTERS / empty)
    return found


@inlined
def _is_first_in(seen, stamp, stamps, customer):
    """Add a customer to the hash set, unless it is there; another stamp makes the set empty."""
    at = np.int64(customer & uint64(_SET - 1))
    while stamps[at] == stamp:
        if seen[at] == customer:
            return False
        at = (at + 1) & (_SET - 1)
    stamps[at] = stamp
    seen[at] = customer
    return True


@inlined
def _may_have_seen(words, customer):
    """Return whether a customer is in a generation of the Bloom filter."""
    for shift in (0, 11, 22):
        bit = (customer >> uint64(shift)) & _BLOOM_MASK
        if not (words[np.int64(bit >> uint64(6))] >> (bit & uint64(63))) & uint64(1):
            return False
    return True


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
def _is_new(row, count, tiled, seen, customer):
    """Return whether a customer is neither among the entries nor among those whose entries left."""
    for j in range(count):
        if row[j].customer == customer:
            return False
    if not tiled:
        return True
    return not (_may_have_seen(seen.words[0], customer) or _may_have_seen(seen.words[1], customer))


@inlined
def _close_window(facts, at, count, total, squares, maximum, customers, new, amount):
    """Write the facts of a window from its sums."""
    facts[at] = count
    facts[at + 1] = total
    facts[at + 5] = customers
    if not count:
        facts[at + 2 : at + 5] = np.nan
        facts[at + 6 : at + 9] = np.nan
        return
    average = total / count
    deviation = math.sqrt(squares / count)
    facts[at + 2] = average
    facts[at + 3] = deviation
    facts[at + 4] = maximum
    facts[at + 6] = new / count
    facts[at + 7] = (amount - average) / (deviation + 1.0)
    facts[at + 8] = (amount + 1.0) / (average + 1.0)


@inlined
def _close_with_tiles(
    facts, at, count, mean, total, squares, maximum, customers, new, amount, tiles, window_ms, now_ms,
    row, newest, registers,
):  # fmt: skip
    """Write the facts of a window that all entries lie in: tiles that overlap it count as a whole."""
    tile_ms = window_ms // (_TILES - 1)
    merged = False
    for tile in tiles:
        start_ms = np.int64(tile.number) * tile_ms
        if not tile.count or start_ms >= now_ms or start_ms + tile_ms <= now_ms - window_ms:
            continue
        if not merged:
            registers[:] = 0
            merged = True
        together = count + tile.count
        apart = tile.total / tile.count - mean
        squares += tile.squares + apart * apart * count * tile.count / together  # Chan, Golub and LeVeque 1979
        mean += apart * tile.count / together
        count = together
        total += tile.total
        new += tile.new
        maximum = max(maximum, np.float64(tile.maximum))
        for index in range(_REGISTERS):
            registers[index] = max(registers[index], tile.registers[index])
    different = np.float64(customers)
    if merged:
        for j in range(newest + 1):
            _register(registers, row[j].customer)
        different = max(different, _estimate(registers))
    _close_window(facts, at, count, total, squares, maximum, different, new, amount)


@inlined
def _describe_windows(row, newest, tiled, tiles, windows_ms, now_ms, amount, seen, stamps, stamp, registers, facts):
    """Write the windowed facts in one pass from the newest earlier entry to the oldest.

    A shorter window is the beginning of a longer one: each is written when the pass leaves it.
    """
    count, total, mean, squares, maximum, customers, new = 0, 0.0, 0.0, 0.0, 0.0, 0, 0
    window = 0
    for j in range(newest, -1, -1):
        entry = row[j]
        while window < windows_ms.size and entry.event_time_ms < now_ms - windows_ms[window]:
            at = window * _PER_WINDOW
            _close_window(facts, at, count, total, squares, maximum, customers, new, amount)
            window += 1
        if window == windows_ms.size:
            break
        count += 1
        value = np.float64(entry.amount)
        total += value
        difference = value - mean  # Welford
        mean += difference * (1.0 / count)
        squares += difference * (value - mean)
        maximum = max(maximum, value)
        customers += _is_first_in(seen, stamp, stamps, entry.customer)
        new += entry.is_new
    for left in range(window, windows_ms.size):
        at = left * _PER_WINDOW
        if not tiled:
            _close_window(facts, at, count, total, squares, maximum, customers, new, amount)
            continue
        _close_with_tiles(
            facts, at, count, mean, total, squares, maximum, customers, new, amount,
            tiles[left * _TILES : (left + 1) * _TILES], windows_ms[left], now_ms, row, newest, registers,
        )  # fmt: skip


@inlined
def _is_duplicate(row, count, ids, id_row, transaction, newest_ms):
    """Return whether a transaction is among the entries, or among those that left less than 7 days before."""
    for j in range(count):
        if row[j].transaction == transaction:
            return True
    if not id_row:
        return False
    _, transactions, minutes, spans = ids
    oldest = newest_ms // _MINUTE_MS - _DUPLICATE_MINUTES
    of_row = transactions[id_row]
    first, end = spans[id_row, _FIRST], spans[id_row, _FIRST] + spans[id_row, _COUNT]
    known = False
    for j in range(first, end):  # without an exit, so that it is vectorized
        known |= of_row[j] == transaction
    if known:
        for j in range(first, end):
            if of_row[j] == transaction and minutes[id_row, j] >= oldest:
                return True
    return False


@inlined
def _keep_id(id_rows, ids, slot, transaction, time_ms):
    """Append the id of an event that leaves to its entity's row, whose oldest goes when it is full."""
    free, transactions, minutes, spans = ids
    row = id_rows[slot]
    if not row:
        free[-1] -= 1
        row = id_rows[slot] = free[free[-1]]
        spans[row, :] = 0
    first, count = spans[row, _FIRST], spans[row, _COUNT]
    if count == _MAX_LEFT_IDS:
        first += 1
        count -= 1
    if first + count == transactions.shape[1]:
        for j in range(count):
            transactions[row, j] = transactions[row, first + j]
            minutes[row, j] = minutes[row, first + j]
        first = 0
    transactions[row, first + count] = transaction
    minutes[row, first + count] = time_ms // _MINUTE_MS
    spans[row, _FIRST] = first
    spans[row, _COUNT] = count + 1


@inlined
def _leave(tiles, windows_ms, entry):
    """Count an event that is not kept one by one in a tile of each window."""
    value = np.float64(entry.amount)
    for window in range(windows_ms.size):
        number = entry.event_time_ms // (windows_ms[window] // (_TILES - 1))
        tile = tiles[window * _TILES + number % _TILES]
        if tile.count and tile.number > number:  # a newer tile is there: the window has left this one
            continue
        if not tile.count or tile.number < number:
            tile.number = number
            tile.count = tile.new = 0
            tile.total = tile.squares = 0.0
            tile.maximum = np.float32(0)
            tile.registers[:] = 0
        mean = tile.total / tile.count if tile.count else 0.0
        tile.count += 1
        tile.total += value
        difference = value - mean
        tile.squares += difference * (value - tile.total / tile.count)
        tile.maximum = max(tile.maximum, entry.amount)
        tile.new += entry.is_new
        _register(tile.registers, entry.customer)


@inlined
def _clear_older(tiles, seen):
    """Empty what is kept of events that left."""
    for tile in tiles:
        tile.count = 0
    seen.adds = 0
    seen.words[:, :] = 0


@inlined
def _put(entry, event, is_new):
    entry.transaction = event.transaction
    entry.customer = event.customer
    entry.event_time_ms = event.event_time_ms
    entry.amount = event.amount
    entry.is_new = is_new


@inlined
def _insert(row, count, event, is_new, tiles, tiled, seen, windows_ms, id_rows, ids, slot, spare):
    """Put an event in its place by event time, after its equals; returns how many entries there are now."""
    place = count
    while place > 0 and row[place - 1].event_time_ms > event.event_time_ms:
        place -= 1
    if count < row.size:
        for j in range(count, place, -1):
            row[j] = row[j - 1]
        _put(row[place], event, is_new)
        return count + 1
    if not tiled[slot]:
        tiled[slot] = 1
        _clear_older(tiles, seen)
    if not place:  # older than all entries
        _put(spare[0], event, is_new)
        leaving = spare[0]
    else:
        leaving = row[0]
    _leave(tiles, windows_ms, leaving)
    _remember_customer(seen, leaving.customer)
    _keep_id(id_rows, ids, slot, leaving.transaction, leaving.event_time_ms)
    if place:
        for j in range(1, place):
            row[j - 1] = row[j]
        _put(row[place - 1], event, is_new)
    return count


@inlined
def _forget(counts, tiled, id_rows, ids, slot):
    """Empty an entity of which nothing is seen any more."""
    counts[slot] = tiled[slot] = 0
    if id_rows[slot]:
        free = ids[0]
        free[free[-1]] = id_rows[slot]
        free[-1] += 1
        id_rows[slot] = 0


@compiled_with(entity_burst)
def advance(
    entries, counts, first_ms, sequences, tiled, tiles, seen, id_rows, ids, slots, events, windows_ms, columns,
    fact_indices, missing, first_sequence, adds, counted, x, spare,
):  # fmt: skip
    """Write the features of each event in order, and add it to its entity if ``adds``.

    Of ``x`` it writes ``columns``, see `FeatureLayout`; ``counted`` is 0 for a duplicate, which adds nothing. An event
    whose sequence number the entity has seen already is passed over.
    """
    facts = np.empty(windows_ms.size * _PER_WINDOW + _OTHERS)
    customers, stamps = np.zeros(_SET, np.uint64), np.zeros(_SET, np.int64)
    registers = np.zeros(_REGISTERS, np.uint8)
    for i in range(events.size):
        event, slot = events[i], slots[i]
        if adds and first_sequence + i <= sequences[slot]:
            continue
        row, count, older, now_ms = entries[slot], counts[slot], tiled[slot], event.event_time_ms
        if count and row[count - 1].event_time_ms < now_ms - _HORIZON_MS:
            count = older = 0
            if adds:
                _forget(counts, tiled, id_rows, ids, slot)
        newest = count - 1
        while newest >= 0 and row[newest].event_time_ms >= now_ms:
            newest -= 1
        amount = np.float64(event.amount)
        is_new = np.uint32(_is_new(row, count, older, seen[slot], event.customer))
        _describe_windows(
            row, newest, older, tiles[slot], windows_ms, now_ms, amount, customers, stamps, i + 1, registers, facts,
        )  # fmt: skip
        at = windows_ms.size * _PER_WINDOW
        facts[at] = (now_ms - first_ms[slot]) / 1000.0 if count and first_ms[slot] <= now_ms else np.nan
        facts[at + 1] = (now_ms - row[newest].event_time_ms) / 1000.0 if newest >= 0 else np.nan
        facts[at + 2] = is_new
        describe_burst(row, newest + 1, now_ms, amount, facts, at + 3)
        for k in range(columns.size):
            value = facts[fact_indices[k]]
            x[i, columns[k]] = missing[k] if math.isnan(value) else np.float32(value)
        if not adds:
            continue
        newest_ms = max(row[count - 1].event_time_ms, now_ms) if count else now_ms
        duplicate = count and _is_duplicate(row, count, ids, id_rows[slot], event.transaction, newest_ms)
        counted[i] = not duplicate
        sequences[slot] = first_sequence + i
        if duplicate:
            continue
        first_ms[slot] = min(first_ms[slot], now_ms) if count else now_ms
        counts[slot] = _insert(
            row, count, event, is_new, tiles[slot], tiled, seen[slot], windows_ms, id_rows, ids, slot, spare
        )
