"""Replay of declared features by recorded sequence numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.declared.aggregate_engine import AggregateEngine
from models.declared.declared_features import DeclaredFeatures
from models.declared.sequence_entry import sequences_of
from models.scoring.entity_replay import Progress
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences
from models.scoring.replay_order import ReplayOrder, of_wanted

Rows = NDArray[np.int64]


class ReplayedFeatures(NamedTuple):
    """Declared features of k transactions.

    Parameters
    ----------
    x : ndarray of float32, (k, D)
    uncertain : ndarray of bool, (k, entities)
        See `ReplayedEntities.uncertain`; of each entity of the declaration.
    shared_numbers : int
        See `ReplayedEntities.shared_numbers`.
    """

    x: NDArray[np.float32]
    uncertain: NDArray[np.bool_]
    shared_numbers: int


def replay_declared(
    declared: DeclaredFeatures,
    transactions: PositionedRecords,
    recorded: RecordedSequences,
    wanted: Rows,
    *,
    progress: Progress | None = None,
) -> ReplayedFeatures:
    """Compute the declared features of some transactions again, see `replay_entities`.

    A transaction that was scored under another declaration advanced the entities that both have alone.
    """
    n, k = len(transactions.offsets), len(wanted)
    index = np.full(n, -1, np.int64)
    index[wanted] = np.arange(k)
    # What is only history writes to the last row.
    x, shared = declared.empty(k + 1), 0
    uncertain = np.zeros((k + 1, len(declared.entities)), np.bool_)
    for number, (entity, every) in enumerate(
        zip(declared.entities, declared.events(transactions.records), strict=True)
    ):
        events = every.take(np.flatnonzero(of_wanted(every.keys, index[every.rows] >= 0)))
        numbers = sequences_of(entity.id, recorded.declared)[events.rows]
        order = ReplayOrder(transactions, recorded.known, events.keys, events.rows, numbers)
        replayed = events.take(order.advanced)
        replayed = replayed._replace(rows=index[replayed.rows] % (k + 1))
        for part in order.parts():
            if part.begins:
                engine = AggregateEngine(entity.plan, load=None, capacity=part.entities)
            engine.advance(replayed.part(part.at.start, part.at.stop), x)
            if progress:
                progress(part.at.stop, len(replayed.keys))
        uncertain[replayed.rows, number] = order.uncertain()
        shared += order.shared_numbers
    return ReplayedFeatures(declared.completed(x[:k]), uncertain[:k], shared)
