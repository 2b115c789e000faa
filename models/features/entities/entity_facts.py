"""Facts about an entity's event, from the entries and tiles of the entity."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment,call-arg,unreachable"
import math

import numpy as np
from numba import uint64
from numba.cpython.unsafe.numbers import leading_zeros

from models.features.compiled import inlined
from models.features.entities.entity_burst import BURST_FACTS

# The facts that `describe` finds, in this order: the windowed ones for each window in turn, then the others.
WINDOWED_FACTS = (
    "entity_count", "entity_sum", "entity_mean", "entity_deviation", "entity_maximum", "entity_customers",
    "entity_new_share", "entity_z_score", "entity_to_mean",
)  # fmt: skip
OTHER_FACTS = ("entity_age", "entity_since_last", "entity_is_new_customer", *BURST_FACTS)

PER_WINDOW = len(WINDOWED_FACTS)
TILES = 13  # a window, as in entity_record.py, like the next constant
REGISTERS = 64
UNKNOWN = -(1 << 62)  # the lowest tile of sums that are not valid
_MAX_RANK = 59
_UNIT = uint64(1 << 57)  # 2 ** -rank is this, shifted: the sum of 64 fits
_SCALE = 0.709 * REGISTERS * REGISTERS * 2.0**57  # Flajolet et al. 2007, for 64 registers
_FEW = 2.5 * REGISTERS
_BY_EMPTY = np.array([0.0, *(REGISTERS * math.log(REGISTERS / empty) for empty in range(1, REGISTERS + 1))])


@inlined
def add_value(registers, value):
    """Add a hash to a HyperLogLog sketch."""
    index = np.int64(value >> uint64(58))
    rank = np.uint8(min(leading_zeros(value << uint64(6)) + 1, _MAX_RANK))
    registers[index] = max(registers[index], rank)


@inlined
def unite(registers, others):
    """Add the values of another sketch to a sketch."""
    for index in range(REGISTERS):
        registers[index] = max(registers[index], others[index])


@inlined
def estimate(registers, others):
    """Return the number of different values in two sketches; few are counted by the empty registers."""
    total, empty = uint64(1), 0
    for index in range(REGISTERS):
        register = max(registers[index], others[index])
        total += _UNIT >> uint64(register)
        empty += register == 0
    found = _SCALE / np.float64(total)
    return _BY_EMPTY[empty] if empty and found <= _FEW else found


@inlined
def _set_bits(mask):
    """Return the number of bits set."""
    mask -= (mask >> uint64(1)) & uint64(0x5555555555555555)
    mask = (mask & uint64(0x3333333333333333)) + ((mask >> uint64(2)) & uint64(0x3333333333333333))
    mask = (mask + (mask >> uint64(4))) & uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((mask * uint64(0x0101010101010101)) >> uint64(56))


@inlined
def below(index):
    """Return a mask of the bits below an index."""
    return (uint64(1) << uint64(index)) - uint64(1)


@inlined
def last_entries(entries, slot, count):
    """Return a mask of the entries that no entry of the same customer follows."""
    last = uint64(0)
    for j in range(count):
        follows = False
        for later in range(j + 1, count):
            follows |= entries[slot, later].customer == entries[slot, j].customer
        if not follows:
            last |= uint64(1) << uint64(j)
    return last


@inlined
def _last_of_first(entries, slot, size, count, last):
    """Return `last_entries` of the first entries, from that of all."""
    for later in range(size, count):
        for j in range(size - 1, -1, -1):
            if entries[slot, j].customer == entries[slot, later].customer:
                last |= uint64(1) << uint64(j)
                break
    return last & below(size)


@inlined
def squares_together(count, total, squares, other_count, other_total, other_squares):
    """Return the sum of squared distances from the mean of two groups, from those of each."""
    if not count:
        return other_squares
    apart = other_total / other_count - total / count
    # Chan, Golub and LeVeque 1979
    return squares + other_squares + apart * apart * (count * other_count / (count + other_count))


@inlined
def add_tile(sums, tile):
    """Add a tile to the sums of the tiles before it."""
    sums.squares = squares_together(sums.count, sums.total, sums.squares, tile.count, tile.total, tile.squares)
    sums.count += tile.count
    sums.total += tile.total
    sums.new += tile.new
    sums.maximum = max(sums.maximum, np.float64(tile.maximum))


@inlined
def _sum_tiles(sums, tiles, slot, first, begin, end):
    """Sum a window's tiles with begin <= number < end, from the oldest to the newest; at most TILES of them."""
    sums.count = sums.new = 0
    sums.total = sums.squares = sums.maximum = 0.0
    registers = sums.registers
    registers[:] = 0
    for number in range(begin, end):
        tile = tiles[slot, first + number % TILES]
        if tile.count and tile.number == number:
            add_tile(sums, tile)
            unite(registers, tile.registers)


@inlined
def _newest_tile(tiles, slot, first):
    """Return the number of a window's newest tile that has events; a very low one without any."""
    newest = UNKNOWN
    for index in range(first, first + TILES):
        tile = tiles[slot, index]
        if tile.count:
            newest = max(newest, np.int64(tile.number))
    return newest


@inlined
def _renew_sums(sums, tiles, slot, first, lowest, highest):
    """Sum the tiles of a window that begins in another tile than before, unless one is newer than its end."""
    newest = _newest_tile(tiles, slot, first)
    if newest > highest:
        return
    _sum_tiles(sums, tiles, slot, first, lowest, newest)
    if newest >= lowest:
        unite(sums.registers, tiles[slot, first + newest % TILES].registers)
    sums.lowest, sums.newest = lowest, newest


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
    facts, at, count, total, squares, maximum, customers, new, amount, recent, sums, spare, tiles, slot, first,
    tile_ms, now_ms,
):  # fmt: skip
    """Write the facts of a window that all entries lie in: tiles that overlap it count as a whole.

    The sums are those of the tiles from the oldest to the newest, then the entries, in this order: the same bits,
    whether they were kept since an earlier event or not.
    """
    tile_now = now_ms // tile_ms
    lowest, highest = tile_now - (TILES - 1), tile_now - (tile_now * tile_ms == now_ms)
    if sums.lowest != lowest:
        _renew_sums(sums, tiles, slot, first, lowest, highest)
    if sums.lowest != lowest or sums.newest > highest:  # a late event
        _sum_tiles(spare, tiles, slot, first, lowest, highest + 1)
        spare.newest = UNKNOWN
        sums = spare
    older_count, older_total, older_squares = sums.count, sums.total, sums.squares
    new += sums.new
    maximum = max(maximum, sums.maximum)
    if sums.newest >= lowest:
        tile = tiles[slot, first + sums.newest % TILES]
        older_squares = squares_together(older_count, older_total, older_squares, tile.count, tile.total, tile.squares)
        older_count += tile.count
        older_total += tile.total
        new += tile.new
        maximum = max(maximum, np.float64(tile.maximum))
    different = np.float64(customers)
    if older_count:
        different = max(different, estimate(sums.registers, recent))
        if count:
            squares = squares_together(older_count, older_total, older_squares, count, total, squares)
        else:
            squares = older_squares
    _close_window(facts, at, older_count + count, older_total + total, squares, maximum, different, new, amount)


@inlined
def describe_windows(
    entries, slot, size, count, last, tiled, tiles, sums, windows_ms, tiles_ms, now_ms, amount, recent, facts
):  # fmt: skip
    """Write the windowed facts in one pass from the newest earlier entry to the oldest.

    A shorter window is the beginning of a longer one: each is written when the pass leaves it. Squares are of distances
    from the newest amount, which is in each window, so that no digits are lost.

    Parameters
    ----------
    size, count : int
        Entries before the event, and all.
    last : uint64
        `last_entries` of all.
    """
    last = _last_of_first(entries, slot, size, count, last)
    pivot = np.float64(entries[slot, size - 1].amount) if size else 0.0
    total, apart, squares, maximum, new = 0.0, 0.0, 0.0, 0.0, 0
    window = 0
    for j in range(size - 1, -1, -1):
        entry = entries[slot, j]
        while window < windows_ms.size and entry.event_time_ms < now_ms - windows_ms[window]:
            inside = size - 1 - j
            around = max(0.0, squares - apart * apart / inside) if inside else 0.0
            customers = _set_bits(last >> uint64(j + 1))
            _close_window(facts, window * PER_WINDOW, inside, total, around, maximum, customers, new, amount)
            window += 1
        if window == windows_ms.size:
            return
        value = np.float64(entry.amount)
        total += value
        distance = value - pivot
        apart += distance
        squares += distance * distance
        maximum = max(maximum, value)
        new += entry.is_new
    around = max(0.0, squares - apart * apart / size) if size else 0.0
    customers = _set_bits(last)
    if tiled:
        recent[:] = 0
        for j in range(size):
            add_value(recent, entries[slot, j].customer)
    for left in range(window, windows_ms.size):
        if tiled:
            _close_with_tiles(
                facts, left * PER_WINDOW, size, total, around, maximum, customers, new, amount, recent,
                sums[slot, left], sums[-1, 0], tiles, slot, left * TILES, tiles_ms[left], now_ms,
            )  # fmt: skip
        else:
            _close_window(facts, left * PER_WINDOW, size, total, around, maximum, customers, new, amount)
