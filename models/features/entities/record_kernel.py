"""Records of entities all of whose events are kept one by one, read and written many at once."""

# Compiled functions are typed by their arguments and not by annotations.
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from numba import int64, uint64

from models.features.compiled import compiled

HEADER_WORDS, ENTRY_WORDS = 3, 4
"""64-bit words of a header, and of an entry."""

_COUNT_SHIFT, _COUNT_MASK = uint64(16), uint64(0xFFFF)


@compiled
def read_records(words, sizes, blank_header, slots, heads, entries, is_read):
    """Put n records into rows, each in place of another's.

    Parameters
    ----------
    words : array of uint64, (sum of sizes,)
        The records, one after the other.
    sizes : array of int64, (n,)
        Words of each record; 0 for none, which makes an empty row.
    blank_header : uint64
        First word of a record without entries.
    slots : array of int64, (n,)
    heads : array of HEAD, (capacity,)
    entries : array of uint64, (capacity, words of the entries that fit)
    is_read : array of uint8, (n,)
        Output: 0 for a record of another form, whose row is left as it was.
    """
    begin = 0
    for i in range(slots.size):
        at, begin = begin, begin + sizes[i]
        slot, size, count = slots[i], sizes[i] - HEADER_WORDS, 0
        is_read[i] = 0
        if sizes[i]:
            bits = (words[at] >> _COUNT_SHIFT) & _COUNT_MASK
            count = int64(bits)
            if size != count * ENTRY_WORDS or size > entries.shape[1]:
                continue
            if words[at] != blank_header | (bits << _COUNT_SHIFT):
                continue
        is_read[i] = 1
        head = heads[slot]
        head.sequence = int64(words[at + 1]) if sizes[i] else -1
        head.first_ms = int64(words[at + 2]) if sizes[i] else 0
        head.last = 0
        head.id_row = 0
        head.count = count
        head.tiled = 0
        head.changed = 0
        for word in range(count * ENTRY_WORDS):
            entries[slot, word] = words[at + HEADER_WORDS + word]


@compiled
def write_records(slots, blank_header, heads, entries, words):
    """Write the records of rows, one after the other; see `read_records`."""
    at = 0
    for i in range(slots.size):
        head = heads[slots[i]]
        words[at] = blank_header | (uint64(head.count) << _COUNT_SHIFT)
        words[at + 1] = uint64(head.sequence)
        words[at + 2] = uint64(head.first_ms)
        at += HEADER_WORDS
        for word in range(head.count * ENTRY_WORDS):
            words[at] = entries[slots[i], word]
            at += 1
