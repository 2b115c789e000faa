"""Facts about an event of an entity, from the entries and the older state of the entity."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math

import numpy as np

from models.features.compiled import inlined
from models.features.entities.entity_facts import add_value, estimate, squares_together, unite

TIME, MASK = 0, 2  # as in aggregate_plan.py
TILES = 13  # a window, as in aggregate_record.py
NEVER = -(1 << 62)  # as in aggregate_record.py
COUNT, TOTAL, PER_CELL = 0, 1, 6
"""Facts of a cell, in the order of the verbs' codes: count, sum, mean, deviation, minimum, maximum."""


@inlined
def holds(events, at, bit):
    """Return whether a condition holds for an event, the one at an index of the events of an entity."""
    return (events[at, MASK] >> bit) & 1


@inlined
def _close(facts, cell, count, total, squares, minimum, maximum):
    """Write the facts of a cell; those that need a number are missing without one."""
    facts[cell, COUNT] = count
    facts[cell, TOTAL] = total
    if not count:
        facts[cell, 2:] = np.nan
        return
    facts[cell, 2] = total / count
    facts[cell, 3] = math.sqrt(squares / count)
    facts[cell, 4] = minimum
    facts[cell, 5] = maximum


@inlined
def _around(squares, apart, count):
    """Return the sum of squared distances from the mean, from those from another value."""
    return max(0.0, squares - apart * apart / count) if count else 0.0


@inlined
def _overlapping(window_ms, now_ms):
    """Return the length of a window's tiles, and the first and the last that overlap it."""
    tile_ms = window_ms // (TILES - 1)
    tile_now = now_ms // tile_ms
    return tile_ms, tile_now - (TILES - 1), tile_now - (tile_now * tile_ms == now_ms)


@inlined
def _close_last(facts, cell, tiled, tiles, window_ms, now_ms, count, total, squares, minimum, maximum):
    """Write the facts of a cell that all entries lie in: tiles that overlap its window count as a whole.

    Sums are those of the tiles, from the oldest to the newest, then of the entries: the order decides the last bit.
    """
    _, lowest, highest = _overlapping(window_ms, now_ms)
    if not tiled:
        highest = lowest - 1
    older, older_total, older_squares = 0, 0.0, 0.0
    for number in range(lowest, highest + 1):
        tile = tiles[cell * TILES + number % TILES]
        if tile.count and tile.number == number:
            older_squares = squares_together(older, older_total, older_squares, tile.count, tile.total, tile.squares)
            older += tile.count
            older_total += tile.total
            minimum = min(minimum, np.float64(tile.minimum))
            maximum = max(maximum, np.float64(tile.maximum))
    if older:
        together = squares_together(older, older_total, older_squares, count, total, squares) if count else 0.0
        squares = together if count else older_squares
    _close(facts, cell, older + count, older_total + total, squares, minimum, maximum)


@inlined
def describe_series(events, values, size, tiled, tiles, series, cell_ms, now_ms, facts):
    """Write the facts of each cell, in one pass a series from the newest earlier entry to the oldest.

    A shorter window is the beginning of a longer one. Squares are of distances from the newest number, which is in each
    window that has any, so that no digits are lost.

    Parameters
    ----------
    events, values : array of int64 and of float64, (entries, words)
        Entries by event time, the same memory.
    size : int
        Entries before the event.
    """
    for row in range(series.shape[0]):
        bit, word, cell, end = series[row, 0], series[row, 1], series[row, 2], series[row, 3]
        count, total, pivot, apart, squares, minimum, maximum = 0, 0.0, 0.0, 0.0, 0.0, np.inf, -np.inf
        for j in range(size - 1, -1, -1):
            while cell < end and events[j, TIME] < now_ms - cell_ms[cell]:
                _close(facts, cell, count, total, _around(squares, apart, count), minimum, maximum)
                cell += 1
            if cell == end:
                break
            if not holds(events, j, bit):
                continue
            if word >= 0:
                value = values[j, word]
                if value != value:  # noqa: PLR0124  faster than isnan
                    continue
                if not count:
                    pivot = value
                distance = value - pivot
                total += value
                apart += distance
                squares += distance * distance
                minimum, maximum = min(minimum, value), max(maximum, value)
            count += 1
        around = _around(squares, apart, count)
        for left in range(cell, end):
            _close_last(facts, left, tiled, tiles, cell_ms[left], now_ms, count, total, around, minimum, maximum)


@inlined
def _is_among(value, found, count):
    """Return whether a value is among the first of some."""
    among = False
    for k in range(count):
        among |= found[k] == value
    return among


@inlined
def _estimated(found, count, numbers, registers, cell, window_ms, now_ms, recent):
    """Return the number of different values among some and in the tiles that overlap a window, estimated."""
    recent[:] = 0
    for k in range(count):
        add_value(recent, found[k])
    _, lowest, highest = _overlapping(window_ms, now_ms)
    for number in range(lowest, highest + 1):
        place = cell * TILES + number % TILES
        if numbers[place] == number:
            unite(recent, registers[place])
    return max(np.float64(count), estimate(recent, recent))


@inlined
def _older_values(known, known_ms, known_count, begin_ms, now_ms, found, count):
    """Return how many of the values that left were last seen in a window and are not among some."""
    others = 0
    for k in range(known_count):
        if begin_ms <= known_ms[k] < now_ms and not _is_among(known[k], found, count):
            others += 1
    return others


@inlined
def describe_groups(
    events, hashes, size, tiled, numbers, registers, known, known_ms, known_counts, evicted_ms, groups, distinct_ms,
    now_ms, found, recent, distinct,
):  # fmt: skip
    """Write the number of different values in each distinct cell.

    Parameters
    ----------
    events, hashes : array of int64 and of uint64, (entries, words)
    found : array of uint64, (entries,)
        Memory to work in, as ``recent`` of uint8, (REGISTERS,).
    """
    for row in range(groups.shape[0]):
        bit, word, cell, end = groups[row, 0], groups[row, 1], groups[row, 2], groups[row, 3]
        count = 0
        for j in range(size - 1, -1, -1):
            while cell < end and events[j, TIME] < now_ms - distinct_ms[cell]:
                distinct[cell] = count
                cell += 1
            if cell == end:
                break
            value = hashes[j, word]
            if value and holds(events, j, bit) and not _is_among(value, found, count):
                found[count] = value
                count += 1
        for left in range(cell, end):
            begin_ms = now_ms - distinct_ms[left]
            distinct[left] = count
            if tiled and evicted_ms[row] >= begin_ms:
                distinct[left] = _estimated(
                    found, count, numbers, registers, left, distinct_ms[left], now_ms, recent
                )  # fmt: skip
            elif tiled:
                distinct[left] = count + _older_values(
                    known[row], known_ms[row], known_counts[row], begin_ms, now_ms, found, count
                )  # fmt: skip


@inlined
def newest_entry(events, size, bit, begin_ms):
    """Return the index of the newest of the first entries for which a condition holds, -1 for none in the window."""
    for j in range(size - 1, -1, -1):
        if events[j, TIME] < begin_ms:
            break
        if holds(events, j, bit):
            return j
    return -1


@inlined
def is_seen(events, hashes, size, tiled, known, known_ms, known_count, bit, word, value, begin_ms, now_ms):
    """Return whether a value was seen in a window where a condition held."""
    for j in range(size - 1, -1, -1):
        if events[j, TIME] < begin_ms:
            return False
        if hashes[j, word] == value and holds(events, j, bit):
            return True
    if tiled:
        for k in range(known_count):
            if known[k] == value:
                return begin_ms <= known_ms[k] < now_ms
    return False
