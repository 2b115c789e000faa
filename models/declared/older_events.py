"""State of events that leave an entity's entries."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import numpy as np

from models.declared.aggregate_facts import NEVER, TILES, TIME, holds
from models.features.compiled import inlined
from models.features.entities.entity_facts import add_value

_KNOWN_VALUES = 64  # as in aggregate_record.py


@inlined
def clear_older(tiles, numbers, registers, known, known_ms, known_counts, evicted_ms, trace_ms, trace_values):
    """Empty what is kept of an entity's events that left."""
    for tile in tiles:
        tile.number = tile.count = 0
        tile.minimum = tile.maximum = np.float32(0)
        tile.total = tile.squares = 0.0
    numbers[:] = 0
    registers[:] = 0
    known[:] = 0
    known_ms[:] = 0
    known_counts[:] = 0
    evicted_ms[:] = NEVER
    trace_ms[:] = NEVER
    trace_values[:] = 0.0


@inlined
def _add_to_tile(tile, number, value):
    """Add a number to a tile, unless it is one of a newer span of time."""
    if tile.count and tile.number > number:
        return
    if not tile.count or tile.number < number:
        tile.number = number
        tile.count = 0
        tile.total = tile.squares = 0.0
        tile.minimum, tile.maximum = np.float32(np.inf), np.float32(-np.inf)
    mean = tile.total / tile.count if tile.count else 0.0
    tile.count += 1
    tile.total += value
    tile.squares += (value - mean) * (value - tile.total / tile.count)
    tile.minimum = min(tile.minimum, np.float32(value))
    tile.maximum = max(tile.maximum, np.float32(value))


@inlined
def leave_series(events, values, at, tiles, series, cell_ms):
    """Count an event in a tile of each cell."""
    for row in range(series.shape[0]):
        if not holds(events, at, series[row, 0]):
            continue
        word = series[row, 1]
        value = values[at, word] if word >= 0 else 0.0
        if value != value:  # noqa: PLR0124  faster than isnan
            continue
        for cell in range(series[row, 2], series[row, 3]):
            number = events[at, TIME] // (cell_ms[cell] // (TILES - 1))
            _add_to_tile(tiles[cell * TILES + number % TILES], number, value)


@inlined
def _remember(known, known_ms, known_counts, evicted_ms, row, value, time_ms):
    """Keep when a value was last seen; of too many the one is given up that was last seen first."""
    count = known_counts[row]
    for k in range(count):
        if known[row, k] == value:
            known_ms[row, k] = max(known_ms[row, k], time_ms)
            return
    if count < _KNOWN_VALUES:
        known[row, count], known_ms[row, count] = value, time_ms
        known_counts[row] = count + 1
        return
    first = 0
    for k in range(1, count):
        earlier = known_ms[row, k] < known_ms[row, first]
        if earlier or (known_ms[row, k] == known_ms[row, first] and known[row, k] < known[row, first]):
            first = k
    if time_ms < known_ms[row, first] or (time_ms == known_ms[row, first] and value < known[row, first]):
        evicted_ms[row] = max(evicted_ms[row], time_ms)
        return
    evicted_ms[row] = max(evicted_ms[row], known_ms[row, first])
    known[row, first], known_ms[row, first] = value, time_ms


@inlined
def leave_groups(
    events, hashes, at, numbers, registers, known, known_ms, known_counts, evicted_ms, groups, distinct_ms
):  # fmt: skip
    """Add an event's values to the known ones, and to the sketches of the tiles."""
    for row in range(groups.shape[0]):
        value = hashes[at, groups[row, 1]]
        if not value or not holds(events, at, groups[row, 0]):
            continue
        _remember(known, known_ms, known_counts, evicted_ms, row, value, events[at, TIME])
        for cell in range(groups[row, 2], groups[row, 3]):
            number = events[at, TIME] // (distinct_ms[cell] // (TILES - 1))
            place = cell * TILES + number % TILES
            if numbers[place] > number:
                continue
            if numbers[place] < number:
                numbers[place] = number
                registers[place, :] = 0
            add_value(registers[place], value)


@inlined
def leave_traces(events, values, at, trace_ms, trace_values, traces):
    """Keep an event where it is the newest of those that left."""
    for row in range(traces.shape[0]):
        if holds(events, at, traces[row, 0]) and events[at, TIME] >= trace_ms[row]:
            trace_ms[row] = events[at, TIME]
            if traces[row, 1] >= 0:
                trace_values[row] = values[at, traces[row, 1]]
