# The arithmetic of the features of known labels. Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math

import numpy as np

from models.features.compiled import compiled, inlined

# The facts that `describe` writes, in this order: the windowed ones for each window in turn, then the others.
WINDOWED_FACTS = (
    "merchant_known", "merchant_frauds", "merchant_fraud_share", "merchant_mean", "to_merchant_mean",
)  # fmt: skip
OTHER_FACTS = (
    "fraud_run", "fraud_run_age", "since_merchant_fraud", "since_merchant_genuine",
    "known_frauds", "since_known_fraud", "known_genuine", "genuine_mean", "genuine_maximum",
    "to_genuine_mean", "to_genuine_maximum", "genuine_z_score",
)  # fmt: skip

_PER_WINDOW = len(WINDOWED_FACTS)
_OTHERS = len(OTHER_FACTS)
_MERCHANTS_OTHERS = 4
_DAY_MS = 86_400_000
_HORIZON_MS = 90 * _DAY_MS  # as in window.py
_NEVER = -(2**62)  # as in label_record.py


@inlined
def _put(row, place, transaction, label_time_ms, verdict):
    label = row[place]
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
def _leave(totals, tiles, label_time_ms, verdict):
    """Count a label that is not kept one by one."""
    if not totals.known:
        totals.frauds = totals.genuine_minor = 0
        totals.genuine_maximum_minor = -1
        totals.newest_ms = totals.newest_fraud_ms = totals.newest_genuine_ms = _NEVER
        for tile in tiles:
            tile.known = 0
    amount_minor, is_fraud = verdict >> 1, verdict & 1
    totals.known += 1
    totals.newest_ms = max(totals.newest_ms, label_time_ms)
    if is_fraud:
        totals.frauds += 1
        totals.newest_fraud_ms = max(totals.newest_fraud_ms, label_time_ms)
    else:
        totals.genuine_minor += amount_minor
        totals.genuine_maximum_minor = max(totals.genuine_maximum_minor, amount_minor)
        totals.newest_genuine_ms = max(totals.newest_genuine_ms, label_time_ms)
    day = label_time_ms // _DAY_MS
    tile = tiles[day % tiles.size]
    if tile.known and tile.day > day:
        return
    if not tile.known or tile.day < day:
        tile.day = day
        tile.known = tile.frauds = 0
        tile.total_minor = 0
    tile.known += 1
    tile.frauds += is_fraud
    tile.total_minor += amount_minor


@inlined
def _learn(row, count, totals, tiles, transaction, label_time_ms, verdict):
    """Take a label into a row and return how many it has now."""
    left = _forget(row, count, transaction, label_time_ms, verdict)
    if left < 0:
        return count
    place = left
    while place > 0 and not _comes_before(row[place - 1], label_time_ms, transaction):
        place -= 1
    if left < row.size:
        for j in range(left, place, -1):
            row[j] = row[j - 1]
        _put(row, place, transaction, label_time_ms, verdict)
        return left + 1
    if not place:
        _leave(totals, tiles, label_time_ms, verdict)
        return left
    _leave(totals, tiles, row[0].label_time_ms, row[0].verdict)
    for j in range(1, place):
        row[j - 1] = row[j]
    _put(row, place - 1, transaction, label_time_ms, verdict)
    return left


@inlined
def _newest_known(row, count, now_ms):
    """Return the newest label with label_time <= now, or -1; -1 too when it is beyond the horizon."""
    newest = count - 1
    while newest >= 0 and row[newest].label_time_ms > now_ms:
        newest -= 1
    if newest >= 0 and row[newest].label_time_ms < now_ms - _HORIZON_MS:
        return -1
    return newest


@inlined
def _sees_totals(totals, newest, now_ms):
    """Whether the labels that left count: none is younger than this transaction, nor all beyond the horizon."""
    if not totals.known or totals.newest_ms > now_ms:
        return False
    return newest >= 0 or totals.newest_ms >= now_ms - _HORIZON_MS


@inlined
def _sum_tiles(totals, tiles, windows_ms, now_ms, sums):
    """Add each day's labels up in the shortest window that it is not over for: known, frauds, amount, a row each."""
    sums[:] = 0
    # While the newest label that left is known, all are; else a tile counts once it is over.
    all_known = totals.newest_ms <= now_ms
    longest = windows_ms.size - 1
    for tile in tiles:
        if not tile.known:
            continue
        end_ms = tile.day * _DAY_MS + _DAY_MS - 1
        if end_ms <= now_ms - windows_ms[longest] or not (all_known or end_ms <= now_ms):
            continue
        window = longest
        while window > 0 and end_ms > now_ms - windows_ms[window - 1]:
            window -= 1
        sums[0, window] += tile.known
        sums[1, window] += tile.frauds
        sums[2, window] += tile.total_minor


@inlined
def _describe_windows(row, newest, totals, tiles, windows_ms, now_ms, amount, sums, facts):
    """Write the windowed facts of a merchant; as with transactions, tiles count in a window not left."""
    known, frauds, total_minor = 0, 0, 0
    older, older_frauds, older_minor = 0, 0, 0
    if totals.known:
        _sum_tiles(totals, tiles, windows_ms, now_ms, sums)
    j = newest
    for window in range(windows_ms.size):
        begin_ms = now_ms - windows_ms[window]
        while j >= 0 and row[j].label_time_ms > begin_ms:
            known += 1
            frauds += row[j].verdict & 1
            total_minor += row[j].verdict >> 1
            j -= 1
        in_all, in_all_frauds, in_all_minor = known, frauds, total_minor
        if totals.known:
            older += sums[0, window]
            older_frauds += sums[1, window]
            older_minor += sums[2, window]
            if j < 0:
                in_all += older
                in_all_frauds += older_frauds
                in_all_minor += older_minor
        at = window * _PER_WINDOW
        facts[at] = in_all
        facts[at + 1] = in_all_frauds
        facts[at + 2] = in_all_frauds / max(in_all, 1)
        facts[at + 3] = facts[at + 4] = np.nan
        if in_all:
            average = in_all_minor / 100.0 / in_all
            facts[at + 3] = average
            facts[at + 4] = (amount + 1.0) / (average + 1.0)


@inlined
def _seconds_since(now_ms, then_ms):
    return np.nan if then_ms == _NEVER else (now_ms - then_ms) / 1000.0


@inlined
def _describe_merchant(row, newest, totals, now_ms, facts, at):
    """Write the current run of known frauds, and when the last fraud and the last genuine one became known."""
    run, run_since_ms, fraud_ms, genuine_ms = 0, _NEVER, _NEVER, _NEVER
    for j in range(newest, -1, -1):
        if row[j].verdict & 1:
            if genuine_ms == _NEVER:
                run += 1
                run_since_ms = row[j].label_time_ms
            if fraud_ms == _NEVER:
                fraud_ms = row[j].label_time_ms
        elif genuine_ms == _NEVER:
            genuine_ms = row[j].label_time_ms
        if min(fraud_ms, genuine_ms) > _NEVER:
            break
    if _sees_totals(totals, newest, now_ms):
        fraud_ms = max(fraud_ms, totals.newest_fraud_ms)
        genuine_ms = max(genuine_ms, totals.newest_genuine_ms)
    facts[at] = run
    facts[at + 1] = _seconds_since(now_ms, run_since_ms)
    facts[at + 2] = _seconds_since(now_ms, fraud_ms)
    facts[at + 3] = _seconds_since(now_ms, genuine_ms)


@inlined
def _describe_customer(row, newest, totals, now_ms, amount, facts, at):
    """Write how many frauds are known, and how the amount compares with those known as genuine."""
    frauds, fraud_ms, genuine, total_minor, maximum_minor = 0, _NEVER, 0, 0, -1
    for j in range(newest, -1, -1):
        if row[j].verdict & 1:
            frauds += 1
            fraud_ms = max(fraud_ms, row[j].label_time_ms)
        else:
            genuine += 1
            total_minor += row[j].verdict >> 1
            maximum_minor = max(maximum_minor, row[j].verdict >> 1)
    kept_mean = total_minor / 100.0 / max(genuine, 1)
    squares = 0.0
    for j in range(newest + 1):
        if not row[j].verdict & 1:
            difference = (row[j].verdict >> 1) / 100.0 - kept_mean
            squares += difference * difference
    facts[at + 7] = (amount - kept_mean) / (math.sqrt(squares / genuine) + 1.0) if genuine else np.nan
    if _sees_totals(totals, newest, now_ms):
        frauds += totals.frauds
        fraud_ms = max(fraud_ms, totals.newest_fraud_ms)
        genuine += totals.known - totals.frauds
        total_minor += totals.genuine_minor
        maximum_minor = max(maximum_minor, totals.genuine_maximum_minor)
    facts[at] = frauds
    facts[at + 1] = _seconds_since(now_ms, fraud_ms)
    facts[at + 2] = genuine
    facts[at + 3 : at + 7] = np.nan
    if genuine:
        mean, maximum = total_minor / 100.0 / genuine, maximum_minor / 100.0
        facts[at + 3] = mean
        facts[at + 4] = maximum
        facts[at + 5] = (amount + 1.0) / (mean + 1.0)
        facts[at + 6] = (amount + 1.0) / (maximum + 1.0)


@inlined
def _learn_at(slot, rows, counts, totals, tiles, changed, transaction, label_time_ms, verdict):
    """Take a label into the record at a slot, unless that is -1."""
    if slot >= 0:
        counts[slot] = _learn(rows[slot], counts[slot], totals[slot], tiles[slot], transaction, label_time_ms, verdict)
        changed[slot] = 1


@compiled
def advance(
    merchant_rows, merchant_counts, merchant_totals, merchant_tiles, merchant_changed,
    customer_rows, customer_counts, customer_totals, customer_tiles, customer_changed,
    windows_ms, columns, codes, missing,
    label_merchants, label_customers, label_transactions, label_times_ms, verdicts, labels_before,
    merchant_slots, customer_slots, times_ms, amounts_minor, x,
):  # fmt: skip
    """Learn labels and write the label features of transactions, each after its ``labels_before`` first labels.

    `FeatureEngine.advance` says what comes in. Of ``x`` it writes ``columns``; ``codes`` gives for each of them
    its place in the facts, ``missing`` what stands for NaN there. A label whose customer is at -1 is another
    engine's customer's.
    """
    facts = np.empty(windows_ms.size * _PER_WINDOW + _OTHERS)
    at = windows_ms.size * _PER_WINDOW
    sums = np.empty((3, windows_ms.size), np.int64)
    learned = 0
    for i in range(merchant_slots.size + 1):
        known = labels_before[i] if i < merchant_slots.size else label_merchants.size
        while learned < known:
            transaction, time_ms, verdict = label_transactions[learned], label_times_ms[learned], verdicts[learned]
            _learn_at(
                label_merchants[learned], merchant_rows, merchant_counts, merchant_totals, merchant_tiles,
                merchant_changed, transaction, time_ms, verdict,
            )  # fmt: skip
            _learn_at(
                label_customers[learned], customer_rows, customer_counts, customer_totals, customer_tiles,
                customer_changed, transaction, time_ms, verdict,
            )  # fmt: skip
            learned += 1
        if i == merchant_slots.size:
            break
        now_ms = times_ms[i]
        amount = np.float64(np.float32(amounts_minor[i] / 100.0))
        slot = merchant_slots[i]
        row, totals = merchant_rows[slot], merchant_totals[slot]
        newest = _newest_known(row, merchant_counts[slot], now_ms)
        _describe_windows(row, newest, totals, merchant_tiles[slot], windows_ms, now_ms, amount, sums, facts)
        _describe_merchant(row, newest, totals, now_ms, facts, at)
        slot = customer_slots[i]
        row, totals = customer_rows[slot], customer_totals[slot]
        newest = _newest_known(row, customer_counts[slot], now_ms)
        _describe_customer(row, newest, totals, now_ms, amount, facts, at + _MERCHANTS_OTHERS)
        for c in range(codes.size):
            value = facts[codes[c]]
            x[i, columns[c]] = missing[c] if math.isnan(value) else np.float32(value)
