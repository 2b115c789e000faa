"""Replay of entities by recorded sequence numbers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_events import entity_events
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_layout import ENTITY_LAYOUT, ENTITY_WIDTH
from models.features.entity import ENTITIES
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences
from models.scoring.replay_order import ReplayOrder, of_wanted

Rows = NDArray[np.int64]
Progress = Callable[[int, int], None]


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
    progress: Progress | None = None,
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
    events = events[of_wanted(events["key"], index[_transactions(events)] >= 0)]
    numbers = recorded.numbers.reshape(-1)[events["row"]]
    order = ReplayOrder(transactions, recorded.known, events["key"], _transactions(events), numbers)
    inputs = EntityInputs.missing(len(wanted))
    replayed = events[order.advanced]
    rows = index[_transactions(replayed)] * len(ENTITIES) + replayed["row"] % len(ENTITIES)
    x = inputs.x.reshape(-1, ENTITY_WIDTH)
    for part in order.parts():
        if part.begins:
            engine = EntityEngine(ENTITY_LAYOUT, load=None, capacity=part.entities)
        features, here = engine.advance(replayed[part.at]).x, rows[part.at]
        x[here[here >= 0]] = features[here >= 0]
        if progress:
            progress(part.at.stop, len(replayed))
    inputs.sequences[:] = recorded.numbers[wanted]
    uncertain = np.zeros(len(wanted) * len(ENTITIES), np.bool_)
    uncertain[rows[rows >= 0]] = order.uncertain()[rows >= 0]
    return ReplayedEntities(inputs, uncertain.reshape(-1, len(ENTITIES)), order.shared_numbers)


def _transactions(events: NDArray[Any]) -> Rows:
    """Return the row of each event's transaction."""
    return events["row"].astype(np.int64) // len(ENTITIES)
