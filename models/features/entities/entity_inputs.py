"""Entity features of a batch of transactions, as the model's input takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.entities.entity_layout import ENTITY_WIDTH, missing_entity_features
from models.features.entity import ENTITIES
from schemas.row_selection import Rows

NO_SEQUENCE = -1
"""Sequence number of an entity that a transaction does not have."""


EventFeatures = tuple[NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64]]
"""Of m entity events the ``row`` of each, see `entity_events`, its features (m, ENTITY_WIDTH), and sequence numbers."""


class EntityInputs(NamedTuple):
    """Entity features of n transactions.

    Parameters
    ----------
    x : ndarray of float32, (n, len(ENTITIES) * ENTITY_WIDTH)
        Columns of x from FIRST_ENTITY_COLUMN on; an absent entity's features have their missing values.
    sequences : ndarray of int64, (n, len(ENTITIES))
        Sequence number of each entity's event; NO_SEQUENCE for an absent entity.
    """

    x: NDArray[np.float32]
    sequences: NDArray[np.int64]

    @classmethod
    def missing(cls, n: int) -> EntityInputs:
        """Return the inputs of n transactions that have no entity."""
        return cls(missing_entity_features(n), np.full((n, len(ENTITIES)), NO_SEQUENCE, np.int64))

    @classmethod
    def gathered(cls, n: int, replies: Iterable[EventFeatures]) -> EntityInputs:
        """Return the inputs of n transactions from the replies to their events, each event in one of them."""
        gathered = cls.missing(n)
        x, sequences = gathered.x.reshape(-1, ENTITY_WIDTH), gathered.sequences.reshape(-1)
        for rows, features, numbers in replies:
            x[rows] = features
            sequences[rows] = numbers
        return gathered

    def take(self, rows: slice | Rows) -> EntityInputs:
        """Return the inputs of some transactions."""
        return EntityInputs(self.x[rows], self.sequences[rows])
