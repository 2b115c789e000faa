"""Values of the declared features of an event, from its facts."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
import numpy as np

from models.declared.aggregate_facts import COUNT, PER_CELL, TIME, TOTAL, is_seen, newest_entry
from models.features.compiled import inlined

CELL_VERBS = 8  # codes below it are of a series, as in aggregate_plan.py
COUNT_DISTINCT, LAST, SINCE_LAST, SEEN_BEFORE = 8, 9, 10, 11
_RATE = 6
_HOUR_MS, _MINUTE_MS = 3_600_000, 60_000


@inlined
def of_cell(verb, facts, cell, part, window_ms, age_ms):
    """Return the value of a feature of a series; NaN where it is missing.

    Parameters
    ----------
    part : int
        Of a share the cell of the events that it counts; of a rate whether it is of the sum.
    age_ms : int
        Time since the first event of the entity, negative without one before.
    """
    if verb < PER_CELL:
        return facts[cell, verb]
    if verb != _RATE:
        return facts[part, COUNT] / facts[cell, COUNT] if facts[cell, COUNT] else np.nan
    if age_ms < 0:
        return np.nan
    hours = min(window_ms, max(age_ms, _MINUTE_MS)) / _HOUR_MS
    return facts[cell, TOTAL if part else COUNT] / hours


@inlined
def of_group(
    events, hashes, size, tiled, known, known_ms, known_counts, groups, row, own, begin_ms, now_ms
):  # fmt: skip
    """Return 1 if the value of an event was seen before in a group, 0 if not; NaN without a value."""
    if not own:
        return np.nan
    seen = is_seen(
        events, hashes, size, tiled, known[row], known_ms[row], known_counts[row], groups[row, 0], groups[row, 1], own,
        begin_ms, now_ms,
    )  # fmt: skip
    return np.float64(seen)


@inlined
def of_trace(events, values, size, tiled, trace_ms, trace_values, traces, verb, row, begin_ms, now_ms):
    """Return the number, or the age in seconds, of the newest event in a window for which a condition holds."""
    j = newest_entry(events, size, traces[row, 0], begin_ms)
    if j >= 0:
        return values[j, traces[row, 1]] if verb == LAST else (now_ms - events[j, TIME]) / 1000.0
    if tiled and begin_ms <= trace_ms[row] < now_ms:
        return trace_values[row] if verb == LAST else (now_ms - trace_ms[row]) / 1000.0
    return np.nan
