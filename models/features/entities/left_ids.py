"""Ids of events that left the entries of an entity, by which duplicates are recognized."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import numpy as np
from numba import uint64

from models.features.compiled import inlined

_MAX_LEFT_IDS = 1_024
_MINUTE_MS = 60_000
_DUPLICATE_MINUTES = 7 * 24 * 60
_FIRST, _COUNT = 0, 1  # of a row of ids: index of the first, and their number
FILTER_MASK = uint64(255)  # of the words of a filter of ids, as in entity_pool.py


@inlined
def _bits_of_id(transaction):
    """Return the bits of a transaction in its word of a filter of ids."""
    bits = uint64(0)
    for shift in (8, 14, 20, 26):
        bits |= uint64(1) << ((transaction >> uint64(shift)) & uint64(63))
    return bits


@inlined
def filter_id(id_filters, slot, transaction):
    """Put a transaction into a filter of ids."""
    id_filters[slot, np.int64(transaction & FILTER_MASK)] |= _bits_of_id(transaction)


@inlined
def has_left(ids, id_filters, slot, id_row, transaction, newest_ms):
    """Return whether a transaction is among those that left less than 7 days before."""
    bits = _bits_of_id(transaction)
    if id_filters[slot, np.int64(transaction & FILTER_MASK)] & bits != bits:
        return False
    _, transactions, minutes, spans = ids
    oldest = newest_ms // _MINUTE_MS - _DUPLICATE_MINUTES
    first = spans[id_row, _FIRST]
    for j in range(first, first + spans[id_row, _COUNT]):
        if transactions[id_row, j] == transaction and minutes[id_row, j] >= oldest:
            return True
    return False


@inlined
def fill_filter(id_filters, slot, transactions):
    """Make a filter of ids that of some transactions."""
    id_filters[slot, :] = 0
    for transaction in transactions:
        filter_id(id_filters, slot, transaction)


@inlined
def keep_id(head, slot, ids, id_filters, transaction, time_ms):
    """Append the id of an event that leaves to its entity's row, whose oldest goes when it is full.

    The filter keeps those that went until the row is moved to its beginning.
    """
    free, transactions, minutes, spans = ids
    if not head.id_row:
        free[-1] -= 1
        head.id_row = free[free[-1]]
        spans[head.id_row, :] = 0
        id_filters[slot, :] = 0
    row = head.id_row
    first, count = spans[row, _FIRST], spans[row, _COUNT]
    if count == _MAX_LEFT_IDS:
        first += 1
        count -= 1
    if first + count == transactions.shape[1]:
        for j in range(count):
            transactions[row, j] = transactions[row, first + j]
            minutes[row, j] = minutes[row, first + j]
        first = 0
        fill_filter(id_filters, slot, transactions[row, :count])
    transactions[row, first + count] = transaction
    minutes[row, first + count] = time_ms // _MINUTE_MS
    spans[row, _FIRST] = first
    spans[row, _COUNT] = count + 1
    filter_id(id_filters, slot, transaction)
