"""Ids of transactions that left a customer's entries, compiled into `kernel.advance`."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

from models.features.compiled import inlined
from schemas.durations import MINUTE_MS

_DUPLICATE_MINUTES = 7 * 24 * 60  # DUPLICATE_MS and MAX_IDS, as in history.py
_MAX_IDS = 1_024
FIRST, COUNT, UNSCORED = 0, 1, 2  # of a row of ids: where they begin, how many, how many of the last lack a score


@inlined
def oldest_minute(newest_ms):
    """Return the minute from which on a customer's ids are kept, by the newest of its transactions."""
    return newest_ms // MINUTE_MS - _DUPLICATE_MINUTES


@inlined
def find_id(transactions, minutes, span, transaction, oldest_minute):
    """Return which of a row of ids is a transaction's and not older than a minute, or -1."""
    first, end = span[FIRST], span[FIRST] + span[COUNT]
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
    """Append an id to a row that has room, of which the first leaves when it has all it may."""
    if span[COUNT] == _MAX_IDS:
        span[FIRST] += 1
        span[COUNT] -= 1
    end = span[FIRST] + span[COUNT]
    transactions[end] = transaction
    minutes[end] = minute
    scores[end] = score
    span[COUNT] += 1
    span[UNSCORED] = min(span[UNSCORED] + 1, span[COUNT])


@inlined
def _take_row(free):
    """Return a free row of ids."""
    free[-1] -= 1
    return free[free[-1]]


@inlined
def release_row(free, row):
    """Make a row of ids free."""
    free[free[-1]] = row
    free[-1] += 1


@inlined
def _moved_ids(ids, row):
    """Return another row, with the ids of one at its beginning."""
    free, transactions, minutes, scores, spans = ids
    other, first, count = _take_row(free), spans[row, FIRST], spans[row, COUNT]
    for j in range(count):
        transactions[other, j] = transactions[row, first + j]
        minutes[other, j] = minutes[row, first + j]
        scores[other, j] = scores[row, first + j]
    spans[other, FIRST] = 0
    spans[other, COUNT] = count
    spans[other, UNSCORED] = spans[row, UNSCORED]
    return other


@inlined
def keep_id(id_rows, ids, slot, leaving, newest_ms, undoable):
    """Keep the id of a transaction that leaves a customer's entries, and forget those that are too old by now.

    A customer without ids has row 0. ``free`` holds the rows that no one has, and at its end how many these are. A row
    that a customer leaves is free at once, unless it is ``undoable``: then its content stays as it was.
    """
    free, transactions, minutes, scores, spans = ids
    oldest = oldest_minute(newest_ms)
    minute = leaving.event_time_ms // MINUTE_MS
    row = id_rows[slot]
    if row:
        span = spans[row]
        while span[COUNT] and minutes[row, span[FIRST]] < oldest:
            span[FIRST] += 1
            span[COUNT] -= 1
        span[UNSCORED] = min(span[UNSCORED], span[COUNT])
        if minute < oldest and not span[COUNT]:
            id_rows[slot] = 0
            if not undoable:
                release_row(free, row)
    if minute < oldest:
        return
    if not row:
        row = id_rows[slot] = _take_row(free)
        spans[row, :] = 0
    elif spans[row, FIRST] + spans[row, COUNT] == transactions.shape[1] or (
        spans[row, FIRST] > spans[row, COUNT] + 64  # so that few pages of the row are touched
    ):
        id_rows[slot] = _moved_ids(ids, row)
        if not undoable:
            release_row(free, row)
        row = id_rows[slot]
    _append_id(
        transactions[row], minutes[row], scores[row], spans[row], leaving.transaction, minute, leaving.score
    )  # fmt: skip
