"""Entity features of a batch of transactions, as the model's input takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.entities.entity_labels import has_labels
from models.features.entities.entity_layout import ENTITY_WIDTH, missing_entity_features
from models.features.entities.label_layout import LABEL_WIDTH, missing_label_features
from models.features.entity import ENTITIES, LABELLED_ENTITIES
from schemas.row_selection import Rows

NO_SEQUENCE = -1
"""Sequence number of an entity that a transaction does not have."""


class EventFeatures(NamedTuple):
    """Features of m entity events.

    Parameters
    ----------
    rows : ndarray of uint32, (m,)
        ``row`` of each, see `entity_events`.
    x : ndarray of float32, (m, ENTITY_WIDTH)
    sequences : ndarray of int64, (m,)
    label_x : ndarray of float32, (those with labels, LABEL_WIDTH)
        See `EntityLabels`.
    label_offsets : sequence of int
        Of each partition of the labels topic, the next label that the entities did not know yet.
    """

    rows: NDArray[np.uint32]
    x: NDArray[np.float32]
    sequences: NDArray[np.int64]
    label_x: NDArray[np.float32]
    label_offsets: Sequence[int] = ()


class EntityInputs(NamedTuple):
    """Entity features of n transactions.

    Parameters
    ----------
    x : ndarray of float32, (n, len(ENTITIES) * ENTITY_WIDTH)
        Columns of x from FIRST_ENTITY_COLUMN on; an absent entity's features have their missing values.
    sequences : ndarray of int64, (n, len(ENTITIES))
        Sequence number of each entity's event; NO_SEQUENCE for an absent entity.
    label_x : ndarray of float32, (n, len(LABELLED_ENTITIES) * LABEL_WIDTH)
        The LABEL_COLUMNS of x.
    label_offsets : ndarray of int64, (n, len(ENTITIES) * P)
        Of each entity, and of each of P partitions of the labels topic, the next label that the entity did
        not know yet, see `schemas.label_offset`.
    declared_x : ndarray of float32, (n, D), or None
        Declared aggregates; None: they are missing.
    """

    x: NDArray[np.float32]
    sequences: NDArray[np.int64]
    label_x: NDArray[np.float32]
    label_offsets: NDArray[np.int64]
    declared_x: NDArray[np.float32] | None = None

    @classmethod
    def missing(cls, n: int, label_partitions: int = 0) -> EntityInputs:
        """Return the inputs of n transactions that have no entity."""
        return cls(
            missing_entity_features(n),
            np.full((n, len(ENTITIES)), NO_SEQUENCE, np.int64),
            missing_label_features(n),
            np.zeros((n, len(ENTITIES) * label_partitions), np.int64),
        )

    @classmethod
    def gathered(cls, n: int, replies: Iterable[EventFeatures]) -> EntityInputs:
        """Return the inputs of n transactions from the replies to their events, each event in one of them."""
        found = list(replies)
        partitions = max((len(reply.label_offsets) for reply in found), default=0)
        gathered = cls.missing(n, partitions)
        x, sequences = gathered.x.reshape(-1, ENTITY_WIDTH), gathered.sequences.reshape(-1)
        label_x = gathered.label_x.reshape(n, len(LABELLED_ENTITIES), LABEL_WIDTH)
        label_offsets = gathered.label_offsets.reshape(n * len(ENTITIES), partitions)
        for reply in found:
            x[reply.rows], sequences[reply.rows] = reply.x, reply.sequences
            transactions, entities = np.divmod(reply.rows[has_labels(reply.rows)], np.uint32(len(ENTITIES)))
            label_x[transactions, entities] = reply.label_x
            label_offsets[reply.rows, : len(reply.label_offsets)] = reply.label_offsets
        return gathered

    def take(self, rows: slice | Rows) -> EntityInputs:
        """Return the inputs of some transactions."""
        declared_x = None if self.declared_x is None else self.declared_x[rows]
        return EntityInputs(
            self.x[rows], self.sequences[rows], self.label_x[rows], self.label_offsets[rows], declared_x
        )  # fmt: skip
