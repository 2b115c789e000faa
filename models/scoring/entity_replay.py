"""Replay of entities by recorded sequence numbers."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.columns import required
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_events import entity_events
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_layout import ENTITY_LAYOUT, ENTITY_WIDTH
from models.features.entity import ENTITIES
from models.features.hashing import hash_column
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences
from schemas.position import position

EVENTS_AT_ONCE = 32_768

Rows = NDArray[np.int64]


class ReplayedEntities(NamedTuple):
    """Entity features of k transactions.

    Parameters
    ----------
    uncertain : ndarray of bool, (k, len(ENTITIES))
        Whether an event of unknown sequence number may have preceded the transaction's: the features may be others.
    shared_numbers : int
        Events that have the number of another event of their entity, which the job never gives.
    """

    inputs: EntityInputs
    uncertain: NDArray[np.bool_]
    shared_numbers: int


def replay_entities(
    transactions: PositionedRecords,
    recorded: RecordedSequences,
    wanted: Rows,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayedEntities:
    """Compute the entity features of some transactions again.

    Entities are independent, so each is advanced by its own events, by their sequence numbers.

    Parameters
    ----------
    transactions : PositionedRecords, n rows
        In the columns of TRANSACTION_ARROW, good ones alone, from the topic's beginning, of all customers.
    recorded : RecordedSequences, n rows
    wanted : ndarray of int64, (k,)
        Rows of the transactions whose features are wanted.
    progress : callable of (int, int), optional
        Callback with events done and total events.
    """
    index = np.full(len(transactions.offsets), -1, np.int64)
    index[wanted] = np.arange(len(wanted))
    events = entity_events(transactions.records)
    events = events[np.isin(events["key"], events["key"][index[_transactions(events)] >= 0])]
    numbers = recorded.numbers.reshape(-1)[events["row"]]
    advanced = np.flatnonzero(recorded.known[_transactions(events)] & (numbers >= 0))
    advanced = advanced[np.lexsort((numbers[advanced], events["key"][advanced]))]
    inputs = EntityInputs.missing(len(wanted))
    replayed = events[advanced]
    rows = index[_transactions(replayed)] * len(ENTITIES) + replayed["row"] % len(ENTITIES)
    x = inputs.x.reshape(-1, ENTITY_WIDTH)
    for start, features in _advanced(replayed):
        here = rows[start : start + len(features)]
        x[here[here >= 0]] = features[here >= 0]
        if progress:
            progress(start + len(features), len(replayed))
    inputs.sequences[:] = recorded.numbers[wanted]
    uncertain = np.zeros(len(wanted) * len(ENTITIES), np.bool_)
    uncertain[rows[rows >= 0]] = _uncertain(transactions, recorded, events, advanced)[rows >= 0]
    ordered = numbers[advanced]
    shared = (replayed["key"][1:] == replayed["key"][:-1]) & (ordered[1:] == ordered[:-1])
    return ReplayedEntities(inputs, uncertain.reshape(-1, len(ENTITIES)), int(shared.sum()))


def _transactions(events: NDArray[Any]) -> Rows:
    """Return the row of each event's transaction."""
    return events["row"].astype(np.int64) // len(ENTITIES)


def _advanced(events: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the index of the first event and the features of parts of some events, ordered by entity and number."""
    first = np.flatnonzero(np.r_[True, events["key"][1:] != events["key"][:-1]]) if len(events) else np.empty(0, int)
    start = 0
    while start < len(events):
        # A part ends with an entity where it can, so that few entities are in memory at a time.
        end = int(first[np.searchsorted(first, start + EVENTS_AT_ONCE, side="right") - 1])
        if end <= start or len(events) - start <= EVENTS_AT_ONCE:
            end = min(start + EVENTS_AT_ONCE, len(events))
        part = events[start:end]
        if start == 0 or part["key"][0] != events["key"][start - 1]:
            engine = EntityEngine(ENTITY_LAYOUT, load=None, capacity=len(np.unique(part["key"])))
        yield start, engine.advance(part).x
        start = end


def _uncertain(
    transactions: PositionedRecords, recorded: RecordedSequences, events: NDArray[Any], advanced: Rows
) -> NDArray[np.bool_]:
    """Return which of the advanced events an event of unknown number may have preceded.

    A customer's transactions reach an entity in their own sequence, so an unknown event comes after the customer's
    earlier ones there, and maybe before all others.
    """
    unknown = ~recorded.known[_transactions(events)]
    if not unknown.any():
        return np.zeros(len(advanced), np.bool_)
    affected = np.unique(events["key"][unknown])
    some = np.flatnonzero(np.isin(events["key"], affected))
    bounds = _lower_bounds(transactions, recorded, events[some])
    ours = unknown[some]
    entity = np.searchsorted(affected, events["key"][some][ours])
    first = np.full(len(affected), np.iinfo(np.int64).max)
    np.minimum.at(first, entity, bounds[ours])
    at = np.minimum(np.searchsorted(affected, events["key"][advanced]), len(affected) - 1)
    numbers = recorded.numbers.reshape(-1)[events["row"][advanced]]
    after: NDArray[np.bool_] = (affected[at] == events["key"][advanced]) & (numbers > first[at])
    return after


def _lower_bounds(transactions: PositionedRecords, recorded: RecordedSequences, events: NDArray[Any]) -> Rows:
    """Return of each event the largest known number of the customer's earlier ones at the entity, -1 for none."""
    rows = _transactions(events)
    places = position(transactions.partitions[rows], transactions.offsets[rows])
    customers = hash_column(required(transactions.records, "customer_id"))[rows]
    order = np.lexsort((places, customers, events["key"]))
    levels, level = np.unique(recorded.numbers.reshape(-1)[events["row"]][order], return_inverse=True)
    key, customer, partition = events["key"][order], customers[order], transactions.partitions[rows][order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (key[1:] != key[:-1]) | (customer[1:] != customer[:-1]) | (partition[1:] != partition[:-1])
    group = (np.cumsum(begins) - 1) * len(levels)
    bounds = np.empty(len(order), np.int64)
    bounds[order] = levels[np.maximum.accumulate(level + group) - group]
    return bounds
