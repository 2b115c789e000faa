"""Known labels of entities and customers: learning of labels, and their features, compiled."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math

import numpy as np

from models.features import label_facts
from models.features.compiled import compiled_with, inlined
from models.features.label_facts import (
    CUSTOMER_OTHERS,
    ENTITY_OTHERS,
    PER_WINDOW,
    describe_customer,
    describe_entity,
    describe_windows,
    newest_known,
)
from schemas.durations import DAY_MS

_NEVER = -(2**62)  # as in label_record.py
_MAX_LEFT = 1_024
_FIRST, _COUNT = 0, 1  # of a row of the ledger: where its labels begin, and how many they are


@inlined
def _put(row, index, transaction, label_time_ms, verdict):
    label = row[index]
    label.transaction = transaction
    label.label_time_ms = label_time_ms
    label.verdict = verdict


@inlined
def _comes_before(label, label_time_ms, transaction):
    """Whether a kept label comes before another in the order of (label_time_ms, transaction)."""
    if label.label_time_ms == label_time_ms:
        return label.transaction < transaction
    return label.label_time_ms < label_time_ms


@inlined
def _forget(row, count, transaction, label_time_ms, verdict):
    """Take an older label of the same transaction out of a row.

    Returns
    -------
    int
        How many labels are left, or -1: the row has a label of this transaction that holds, as it is newer, or
        as new and not a genuine one against a fraud.
    """
    for j in range(count):
        label = row[j]
        if label.transaction != transaction:
            continue
        if label.label_time_ms > label_time_ms:
            return -1
        if label.label_time_ms == label_time_ms and (label.verdict & 1) >= (verdict & 1):
            return -1
        for k in range(j + 1, count):
            row[k - 1] = row[k]
        return count - 1
    return count


@inlined
def _find_left(ledger, row, transaction):
    """Return which of the labels that left is a transaction's, or -1."""
    _, transactions, _, _, spans = ledger
    of_row = transactions[row]
    first, end = spans[row, _FIRST], spans[row, _FIRST] + spans[row, _COUNT]
    known = False
    for j in range(first, end):  # without a way out, so that it is vectorised
        known |= of_row[j] == transaction
    if known:
        for j in range(end - 1, first - 1, -1):
            if of_row[j] == transaction:
                return j
    return -1


@inlined
def _note_gone(totals, label_time_ms, verdict):
    """Note a label that can't be revoked any more, also when the totals hold more of it."""
    totals.gone_newest_ms = max(totals.gone_newest_ms, label_time_ms)
    if verdict & 1:
        totals.gone_fraud_ms = max(totals.gone_fraud_ms, label_time_ms)
    else:
        totals.gone_genuine_ms = max(totals.gone_genuine_ms, label_time_ms)
        totals.gone_maximum_minor = max(totals.gone_maximum_minor, verdict >> 1)


@inlined
def _keep_left(totals, ledger_rows, ledger, slot, transaction, label_time_ms, verdict):
    """Put a label that leaves into its slot in the ledger, of which the oldest is gone when it is full."""
    free, transactions, times_ms, verdicts, spans = ledger
    row = ledger_rows[slot]
    if not row:
        free[-1] -= 1
        row = ledger_rows[slot] = free[free[-1]]
        spans[row, :] = 0
    ids, times, kept = transactions[row], times_ms[row], verdicts[row]
    first, count = spans[row, _FIRST], spans[row, _COUNT]
    if count == _MAX_LEFT:
        is_oldest = label_time_ms < times[first] or (label_time_ms == times[first] and transaction < ids[first])
        if is_oldest:
            _note_gone(totals, label_time_ms, verdict)
            return
        _note_gone(totals, times[first], kept[first])
        first += 1
        count -= 1
    if first + count == ids.size or first > count + 64:  # so that few pages of the row are touched
        for j in range(count):
            ids[j], times[j], kept[j] = ids[first + j], times[first + j], kept[first + j]
        first = 0
    j = first + count
    while j > first and (times[j - 1] > label_time_ms or (times[j - 1] == label_time_ms and ids[j - 1] > transaction)):
        ids[j], times[j], kept[j] = ids[j - 1], times[j - 1], kept[j - 1]
        j -= 1
    ids[j], times[j], kept[j] = transaction, label_time_ms, verdict
    spans[row, _FIRST] = first
    spans[row, _COUNT] = count + 1


@inlined
def _take_from_tile(tiles, ledger, row, label_time_ms, verdict):
    """Take a label that is not in the ledger any more out of its day's tile."""
    _, _, times_ms, verdicts, spans = ledger
    day = label_time_ms // DAY_MS
    tile = tiles[day % tiles.size]
    if not tile.known or tile.day != day:
        return
    tile.known -= 1
    tile.frauds -= verdict & 1
    tile.total_minor -= verdict >> 1
    if tile.known:
        return
    tile.day = 0
    for j in range(spans[row, _FIRST], spans[row, _FIRST] + spans[row, _COUNT]):
        other = times_ms[row, j] // DAY_MS
        if other < day and other % tiles.size == day % tiles.size:
            _add_to_tile(tile, other, verdicts[row, j])


@inlined
def _revoke(totals, tiles, ledger, row, index):
    """Take a label that left out of the ledger, the totals and the tiles."""
    _, transactions, times_ms, verdicts, spans = ledger
    label_time_ms, verdict = times_ms[row, index], verdicts[row, index]
    end = spans[row, _FIRST] + spans[row, _COUNT]
    for j in range(index + 1, end):
        transactions[row, j - 1] = transactions[row, j]
        times_ms[row, j - 1] = times_ms[row, j]
        verdicts[row, j - 1] = verdicts[row, j]
    spans[row, _COUNT] -= 1
    totals.known -= 1
    totals.frauds -= verdict & 1
    totals.genuine_minor -= 0 if verdict & 1 else verdict >> 1
    totals.newest_ms, totals.newest_fraud_ms = totals.gone_newest_ms, totals.gone_fraud_ms
    totals.newest_genuine_ms, totals.genuine_maximum_minor = totals.gone_genuine_ms, totals.gone_maximum_minor
    for j in range(spans[row, _FIRST], end - 1):
        _note_newest(totals, times_ms[row, j], verdicts[row, j])
    _take_from_tile(tiles, ledger, row, label_time_ms, verdict)


@inlined
def _note_newest(totals, label_time_ms, verdict):
    totals.newest_ms = max(totals.newest_ms, label_time_ms)
    if verdict & 1:
        totals.newest_fraud_ms = max(totals.newest_fraud_ms, label_time_ms)
    else:
        totals.genuine_maximum_minor = max(totals.genuine_maximum_minor, verdict >> 1)
        totals.newest_genuine_ms = max(totals.newest_genuine_ms, label_time_ms)


@inlined
def _add_to_tile(tile, day, verdict):
    if tile.known and tile.day > day:
        return
    if not tile.known or tile.day < day:
        tile.day = day
        tile.known = tile.frauds = 0
        tile.total_minor = 0
    tile.known += 1
    tile.frauds += verdict & 1
    tile.total_minor += verdict >> 1


@inlined
def _leave(totals, tiles, label_time_ms, verdict):
    """Count a label that is not kept one by one."""
    if not totals.known:
        totals.frauds = totals.genuine_minor = 0
        totals.genuine_maximum_minor = totals.gone_maximum_minor = -1
        totals.newest_ms = totals.newest_fraud_ms = totals.newest_genuine_ms = _NEVER
        totals.gone_newest_ms = totals.gone_fraud_ms = totals.gone_genuine_ms = _NEVER
        for tile in tiles:
            tile.day = tile.known = tile.frauds = 0
            tile.total_minor = 0
    totals.known += 1
    if verdict & 1:
        totals.frauds += 1
    else:
        totals.genuine_minor += verdict >> 1
    _note_newest(totals, label_time_ms, verdict)
    day = label_time_ms // DAY_MS
    _add_to_tile(tiles[day % tiles.size], day, verdict)


@inlined
def _replaces_left(totals, tiles, ledger, ledger_row, transaction, label_time_ms, verdict):
    """Revoke the label of the same transaction that left, if there is one; False: that one holds."""
    if not ledger_row:
        return True
    left = _find_left(ledger, ledger_row, transaction)
    if left < 0:
        return True
    time_ms, is_fraud = ledger[2][ledger_row, left], ledger[3][ledger_row, left] & 1
    if time_ms > label_time_ms or (time_ms == label_time_ms and is_fraud >= (verdict & 1)):
        return False
    _revoke(totals, tiles, ledger, ledger_row, left)
    return True


@inlined
def _learn(row, count, totals, tiles, ledger_rows, ledger, slot, transaction, label_time_ms, verdict):
    """Take a label into a row and return how many it has now."""
    left = _forget(row, count, transaction, label_time_ms, verdict)
    if left < 0:
        return count
    if left == count and not _replaces_left(
        totals, tiles, ledger, ledger_rows[slot], transaction, label_time_ms, verdict
    ):
        return count
    index = left
    while index > 0 and not _comes_before(row[index - 1], label_time_ms, transaction):
        index -= 1
    if left < row.size:
        for j in range(left, index, -1):
            row[j] = row[j - 1]
        _put(row, index, transaction, label_time_ms, verdict)
        return left + 1
    if not index:
        _leave(totals, tiles, label_time_ms, verdict)
        _keep_left(totals, ledger_rows, ledger, slot, transaction, label_time_ms, verdict)
        return left
    leaving = row[0]
    _leave(totals, tiles, leaving.label_time_ms, leaving.verdict)
    _keep_left(totals, ledger_rows, ledger, slot, leaving.transaction, leaving.label_time_ms, leaving.verdict)
    for j in range(1, index):
        row[j - 1] = row[j]
    _put(row, index - 1, transaction, label_time_ms, verdict)
    return left


@inlined
def _learn_at(slot, rows, counts, totals, tiles, ledger_rows, ledger, changed, transaction, label_time_ms, verdict):
    """Add a label to the record at a slot."""
    counts[slot] = _learn(
        rows[slot], counts[slot], totals[slot], tiles[slot], ledger_rows, ledger, slot,
        transaction, label_time_ms, verdict,
    )  # fmt: skip
    changed[slot] = 1


@compiled_with(label_facts)
def advance_entities(
    rows, counts, totals, tiles, ledger_rows, ledger, changed,
    windows_ms, columns, fact_indices, missing,
    labels, label_slots, labels_before, events, slots, minor_units, x,
):  # fmt: skip
    """Learn labels of ENTITY_LABEL, and write the label features of EVENTs, each after its ``labels_before`` labels.

    Of ``x`` it writes ``columns``; ``fact_indices`` gives for each of them its index in the facts, ``missing`` the
    value of NaN there.
    """
    facts = np.empty(windows_ms.size * PER_WINDOW + ENTITY_OTHERS)
    sums = np.empty((3, windows_ms.size), np.int64)
    learned = 0
    for i in range(slots.size + 1):
        known = labels_before[i] if i < slots.size else labels.size
        while learned < known:
            label = labels[learned]
            _learn_at(
                label_slots[learned], rows, counts, totals, tiles, ledger_rows, ledger, changed,
                label.transaction, label.label_time_ms, label.verdict,
            )  # fmt: skip
            learned += 1
        if i == slots.size:
            break
        now_ms, unit, slot = events[i].event_time_ms, minor_units[i], slots[i]
        row = rows[slot]
        newest = newest_known(row, counts[slot], now_ms)
        amount = np.float64(events[i].amount)
        describe_windows(row, newest, totals[slot], tiles[slot], windows_ms, now_ms, amount, unit, sums, facts)
        describe_entity(row, newest, totals[slot], now_ms, facts, windows_ms.size * PER_WINDOW)
        for c in range(fact_indices.size):
            value = facts[fact_indices[c]]
            x[i, columns[c]] = missing[c] if math.isnan(value) else np.float32(value)


@compiled_with(label_facts)
def advance_customers(
    rows, counts, totals, tiles, ledger_rows, ledger, changed,
    columns, fact_indices, missing,
    label_slots, label_transactions, label_times_ms, verdicts, labels_before,
    slots, times_ms, amounts_minor, minor_units, x,
):  # fmt: skip
    """Learn labels, and write the label features of customers' transactions, as `advance_entities` does."""
    facts = np.empty(CUSTOMER_OTHERS)
    learned = 0
    for i in range(slots.size + 1):
        known = labels_before[i] if i < slots.size else label_slots.size
        while learned < known:
            _learn_at(
                label_slots[learned], rows, counts, totals, tiles, ledger_rows, ledger, changed,
                label_transactions[learned], label_times_ms[learned], verdicts[learned],
            )  # fmt: skip
            learned += 1
        if i == slots.size:
            break
        now_ms, unit, slot = times_ms[i], minor_units[i], slots[i]
        row = rows[slot]
        newest = newest_known(row, counts[slot], now_ms)
        amount = np.float64(np.float32(amounts_minor[i] / unit))
        describe_customer(row, newest, totals[slot], now_ms, amount, unit, facts)
        for c in range(fact_indices.size):
            value = facts[fact_indices[c]]
            x[i, columns[c]] = missing[c] if math.isnan(value) else np.float32(value)
