"""Arithmetic of the facts about known labels, compiled into `label_kernel`."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import math
from collections import namedtuple
from typing import Any

import numpy as np

from models.features.compiled import inlined
from schemas.durations import DAY_MS

# Of an entity, in this order: the windowed facts for each window in turn, then the others.
WINDOWED_FACTS = (
    "merchant_known", "merchant_frauds", "merchant_fraud_share", "merchant_mean", "to_merchant_mean",
)  # fmt: skip
ENTITY_FACTS = ("fraud_run", "fraud_run_age", "since_merchant_fraud", "since_merchant_genuine")
CUSTOMER_FACTS = (
    "known_frauds", "since_known_fraud", "known_genuine", "genuine_mean", "genuine_maximum",
    "to_genuine_mean", "to_genuine_maximum", "genuine_z_score",
)  # fmt: skip
PER_WINDOW = len(WINDOWED_FACTS)
ENTITY_OTHERS = len(ENTITY_FACTS)
CUSTOMER_OTHERS = len(CUSTOMER_FACTS)
_IN: Any = namedtuple("_IN", WINDOWED_FACTS)(*range(PER_WINDOW))
_OF: Any = namedtuple("_OF", ENTITY_FACTS)(*range(ENTITY_OTHERS))
_CUSTOMER: Any = namedtuple("_CUSTOMER", CUSTOMER_FACTS)(*range(CUSTOMER_OTHERS))
"""Offsets of the facts, within those of a window, within an entity's others, and within a customer's."""

_HORIZON_MS = 90 * DAY_MS  # as in window.py
_NEVER = -(2**62)  # as in label_record.py


@inlined
def newest_known(row, count, now_ms):
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
        end_ms = tile.day * DAY_MS + DAY_MS - 1
        if end_ms <= now_ms - windows_ms[longest] or not (all_known or end_ms <= now_ms):
            continue
        window = longest
        while window > 0 and end_ms > now_ms - windows_ms[window - 1]:
            window -= 1
        sums[0, window] += tile.known
        sums[1, window] += tile.frauds
        sums[2, window] += tile.total_minor


@inlined
def describe_windows(row, newest, totals, tiles, windows_ms, now_ms, amount, unit, sums, facts):
    """Write the windowed facts of an entity; as with transactions, tiles count in a window not left."""
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
        at = window * PER_WINDOW
        facts[at + _IN.merchant_known] = in_all
        facts[at + _IN.merchant_frauds] = in_all_frauds
        facts[at + _IN.merchant_fraud_share] = in_all_frauds / max(in_all, 1)
        facts[at + _IN.merchant_mean] = facts[at + _IN.to_merchant_mean] = np.nan
        if in_all:
            average = in_all_minor / unit / in_all
            facts[at + _IN.merchant_mean] = average
            facts[at + _IN.to_merchant_mean] = (amount + 1.0) / (average + 1.0)


@inlined
def _seconds_since(now_ms, then_ms):
    return np.nan if then_ms == _NEVER else (now_ms - then_ms) / 1000.0


@inlined
def describe_entity(row, newest, totals, now_ms, facts, at):
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
    facts[at + _OF.fraud_run] = run
    facts[at + _OF.fraud_run_age] = _seconds_since(now_ms, run_since_ms)
    facts[at + _OF.since_merchant_fraud] = _seconds_since(now_ms, fraud_ms)
    facts[at + _OF.since_merchant_genuine] = _seconds_since(now_ms, genuine_ms)


@inlined
def describe_customer(row, newest, totals, now_ms, amount, unit, facts):
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
    kept_mean = total_minor / unit / max(genuine, 1)
    squares = 0.0
    for j in range(newest + 1):
        if not row[j].verdict & 1:
            difference = (row[j].verdict >> 1) / unit - kept_mean
            squares += difference * difference
    facts[_CUSTOMER.genuine_z_score] = (
        (amount - kept_mean) / (math.sqrt(squares / genuine) + 1.0) if genuine else np.nan
    )
    if _sees_totals(totals, newest, now_ms):
        frauds += totals.frauds
        fraud_ms = max(fraud_ms, totals.newest_fraud_ms)
        genuine += totals.known - totals.frauds
        total_minor += totals.genuine_minor
        maximum_minor = max(maximum_minor, totals.genuine_maximum_minor)
    facts[_CUSTOMER.known_frauds] = frauds
    facts[_CUSTOMER.since_known_fraud] = _seconds_since(now_ms, fraud_ms)
    facts[_CUSTOMER.known_genuine] = genuine
    facts[_CUSTOMER.genuine_mean] = facts[_CUSTOMER.genuine_maximum] = np.nan
    facts[_CUSTOMER.to_genuine_mean] = facts[_CUSTOMER.to_genuine_maximum] = np.nan
    if genuine:
        mean, maximum = total_minor / unit / genuine, maximum_minor / unit
        facts[_CUSTOMER.genuine_mean] = mean
        facts[_CUSTOMER.genuine_maximum] = maximum
        facts[_CUSTOMER.to_genuine_mean] = (amount + 1.0) / (mean + 1.0)
        facts[_CUSTOMER.to_genuine_maximum] = (amount + 1.0) / (maximum + 1.0)
