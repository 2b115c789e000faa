"""Declared features of a batch of transactions, gathered from the entities' replies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.declared.declared_features import DeclaredFeatures
from models.declared.sequence_entry import sequence_entries
from models.features.entities.entity_inputs import NO_SEQUENCE, EntityInputs


class AggregateReply(NamedTuple):
    """Declared features of m events of one entity.

    Parameters
    ----------
    rows : ndarray of int64, (m,)
        Row of the transaction.
    x : ndarray of float32, (m, k)
        The entity's features, see `EntityAggregates.own_plan`; NaN where one is missing.
    sequences : ndarray of int64, (m,)
    """

    rows: NDArray[np.int64]
    x: NDArray[np.float32]
    sequences: NDArray[np.int64]


def with_declared_features(
    inputs: EntityInputs, declared: DeclaredFeatures, replies: Iterable[Sequence[AggregateReply]]
) -> EntityInputs:
    """Return the inputs of n transactions with declared features, and their sequence numbers behind the others.

    Parameters
    ----------
    replies : iterable of sequences of AggregateReply
        Each with one of every entity of ``declared``; each event is in one of them.
    """
    n = len(inputs.x)
    x, sequences = declared.empty(n), np.full((n, len(declared.entities)), NO_SEQUENCE, np.int64)
    for parts in replies:
        for index, (entity, part) in enumerate(zip(declared.entities, parts, strict=True)):
            if len(part.rows):
                x[part.rows[:, None], entity.x_columns] = part.x
                sequences[part.rows, index] = sequence_entries(entity.id, part.sequences)
    return inputs._replace(sequences=np.hstack((inputs.sequences, sequences)), declared_x=declared.completed(x))
