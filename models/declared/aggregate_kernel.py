"""State of the declared features of an entity, advanced by its events."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
import numpy as np

from models.declared import aggregate_facts, aggregate_verbs, older_events
from models.declared.aggregate_facts import PER_CELL, TIME, describe_groups, describe_series
from models.declared.aggregate_verbs import CELL_VERBS, COUNT_DISTINCT, SEEN_BEFORE, of_cell, of_group, of_trace
from models.declared.older_events import clear_older, leave_groups, leave_series, leave_traces
from models.features.compiled import compiled_with, inlined
from models.features.entities import entity_burst, entity_facts, left_ids
from models.features.entities.left_ids import fill_filter, has_left, keep_id

_TRANSACTION = 1  # word of an event, as in aggregate_plan.py
_REGISTERS = 64  # as in entity_record.py
_HORIZON_MS = 90 * 86_400_000  # as in window.py
_FIRST, _COUNT = 0, 1  # of a row of ids: index of the first, and their number


@inlined
def _forget(head, ids):
    """Empty an entity of which nothing is seen any more."""
    head.count = head.tiled = 0
    if head.id_row:
        free = ids[0]
        free[free[-1]] = head.id_row
        free[-1] += 1
        head.id_row = 0


@inlined
def _derive_filter(head, slot, id_filters, ids):
    """Make the filter of ids of an entity that was loaded."""
    head.fresh = 0
    if head.id_row:
        _, transactions, _, spans = ids
        first = spans[head.id_row, _FIRST]
        fill_filter(id_filters, slot, transactions[head.id_row, first : first + spans[head.id_row, _COUNT]])


@inlined
def _move(events, target, source):
    """Copy an entry to another place."""
    for word in range(events.shape[1]):
        events[target, word] = events[source, word]


@inlined
def _put(events, at, added, i):
    """Write an event into a place."""
    for word in range(events.shape[1]):
        events[at, word] = added[i, word]


@inlined
def _ready(head, slot, now_ms, events, id_filters, ids, adds):
    """Return the number of entries, and whether events left, once what is too old is forgotten."""
    if head.fresh:
        _derive_filter(head, slot, id_filters, ids)
    if head.count and events[head.count - 1, TIME] < now_ms - _HORIZON_MS:
        if adds:
            _forget(head, ids)
        return np.int64(0), False
    return np.int64(head.count), head.tiled > 0


@inlined
def _write_features(
    events, values, hashes, size, tiled, known, known_ms, known_counts, groups, trace_ms, traced, traces,
    features, facts, distinct, new_hashes, i, now_ms, age_ms, x, row,
):  # fmt: skip
    """Write the features of an event from its facts."""
    for f in range(features.shape[0]):
        verb, source, begin_ms = features[f, 0], features[f, 1], now_ms - features[f, 3]
        if verb < CELL_VERBS:
            value = of_cell(verb, facts, source, features[f, 2], features[f, 3], age_ms)
        elif verb == COUNT_DISTINCT:
            value = distinct[source]
        elif verb == SEEN_BEFORE:
            own = new_hashes[i, groups[source, 1]]
            value = of_group(
                events, hashes, size, tiled, known, known_ms, known_counts, groups, source, own, begin_ms, now_ms
            )  # fmt: skip
        else:
            value = of_trace(
                events, values, size, tiled, trace_ms, traced, traces, verb, source, begin_ms, now_ms
            )  # fmt: skip
        x[row, features[f, 4]] = np.float32(value)


@inlined
def _is_duplicate(head, slot, events, hashes, count, id_filters, ids, transaction, now_ms):
    """Return whether a transaction is among the entries, or the ids of those that left."""
    for j in range(count):
        if hashes[j, _TRANSACTION] == transaction:
            return True
    if not head.id_row:
        return False
    newest_ms = max(events[count - 1, TIME], now_ms)
    return has_left(ids, id_filters, slot, head.id_row, transaction, newest_ms)


@inlined
def _push_out(
    head, slot, tiled, tiles, numbers, registers, known, known_ms, known_counts, evicted_ms, trace_ms, traced,
    id_filters, ids, series, cell_ms, groups, distinct_ms, traces, events, values, hashes, at,
):  # fmt: skip
    """Let an event leave: it is kept in tiles, sketches, known values, traces and as an id."""
    if not tiled:
        head.tiled = 1
        clear_older(tiles, numbers, registers, known, known_ms, known_counts, evicted_ms, trace_ms, traced)
    leave_series(events, values, at, tiles, series, cell_ms)
    leave_groups(
        events, hashes, at, numbers, registers, known, known_ms, known_counts, evicted_ms, groups, distinct_ms
    )  # fmt: skip
    leave_traces(events, values, at, trace_ms, traced, traces)
    keep_id(head, slot, ids, id_filters, hashes[at, _TRANSACTION], events[at, TIME])


@inlined
def _insert(events, count, at, added, i):
    """Put an event among the entries; of full ones the oldest is replaced, which has left by now."""
    if count < events.shape[0]:
        for j in range(count, at, -1):
            _move(events, j, j - 1)
    else:
        at -= 1
        for j in range(at):
            _move(events, j, j + 1)
    _put(events, at, added, i)


@compiled_with(entity_burst, entity_facts, left_ids, aggregate_facts, aggregate_verbs, older_events)
def advance(entities, older, ids, plan, slots, added, first_sequence, adds, counted, rows, x):
    """Write the declared features of each event in order, and add it to its entity if ``adds``.

    ``counted`` is 0 for a duplicate, which adds nothing. An event whose sequence number the entity has seen already is
    passed over.

    Parameters
    ----------
    entities, older : tuple
        `AggregatePool.rows` and its older state.
    ids : tuple
        `LeftRows.with_room_for` as many as there are events.
    plan : tuple
        `AggregatePlan.arrays`.
    added : tuple of arrays of int64, float64 and uint64, (n, words)
        The events, the same memory.
    rows : array of int64, (n,)
        Row of x of each event.
    """
    # Functions are given arrays, not tuples: each call counts a tuple's references.
    heads, all_events, all_values, all_hashes, id_filters = entities
    all_tiles, all_numbers, all_registers, all_known, all_known_ms, all_counts, all_evicted, all_traces, all_traced = (
        older
    )
    series, cell_ms, groups, distinct_ms, traces, features = plan
    new_events, new_values, new_hashes = added
    facts, distinct = np.empty((cell_ms.size, PER_CELL)), np.empty(distinct_ms.size)
    found, recent = np.empty(all_events.shape[1], np.uint64), np.empty(_REGISTERS, np.uint8)
    for i in range(slots.size):
        slot, now_ms = slots[i], new_events[i, TIME]
        head, events, values, hashes = heads[slot], all_events[slot], all_values[slot], all_hashes[slot]
        if adds and first_sequence + i <= head.sequence:
            continue
        count, tiled = _ready(head, slot, now_ms, events, id_filters, ids, adds)
        size = count
        while size and events[size - 1, TIME] >= now_ms:
            size -= 1
        tiles, numbers, registers = all_tiles[slot], all_numbers[slot], all_registers[slot]
        known, known_ms, known_counts = all_known[slot], all_known_ms[slot], all_counts[slot]
        evicted_ms, trace_ms, traced = all_evicted[slot], all_traces[slot], all_traced[slot]
        describe_series(events, values, size, tiled, tiles, series, cell_ms, now_ms, facts)
        describe_groups(
            events, hashes, size, tiled, numbers, registers, known, known_ms, known_counts, evicted_ms, groups,
            distinct_ms, now_ms, found, recent, distinct,
        )  # fmt: skip
        age_ms = now_ms - head.first_ms if count else np.int64(-1)
        _write_features(
            events, values, hashes, size, tiled, known, known_ms, known_counts, groups, trace_ms, traced, traces,
            features, facts, distinct, new_hashes, i, now_ms, age_ms, x, rows[i],
        )  # fmt: skip
        if not adds:
            continue
        head.sequence = first_sequence + i
        head.changed = 1
        transaction = new_hashes[i, _TRANSACTION]
        known_before = _is_duplicate(head, slot, events, hashes, count, id_filters, ids, transaction, now_ms)
        counted[i] = not known_before
        if known_before:
            continue
        head.first_ms = min(head.first_ms, now_ms) if count else now_ms
        while size < count and events[size, TIME] == now_ms:  # after its equals
            size += 1
        if count < events.shape[0]:
            head.count = count + 1
        else:
            leaving = size == 0
            _push_out(
                head, slot, tiled, tiles, numbers, registers, known, known_ms, known_counts, evicted_ms, trace_ms,
                traced, id_filters, ids, series, cell_ms, groups, distinct_ms, traces,
                new_events if leaving else events, new_values if leaving else values,
                new_hashes if leaving else hashes, i if leaving else 0,
            )  # fmt: skip
            if leaving:
                continue
        _insert(events, count, size, new_events, i)
