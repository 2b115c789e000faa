"""Entries of `entity_sequences` for declared entities: they name the entity, since a declaration may change.

They follow the sequence numbers of the entities that every deployment has: an 18-bit hash of `EntityAggregates.id`,
times 2^44, plus the sequence number; NO_SEQUENCE of a transaction without the entity.
"""

import numpy as np
from numpy.typing import NDArray

from models.features.entities.entity_inputs import NO_SEQUENCE

SEQUENCE_BITS = 44
_NAMES = (1 << 18) - 1


def sequence_entries(entity_id: int, sequences: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the entries of sequence numbers of one entity's events, (n,)."""
    return np.where(sequences < 0, NO_SEQUENCE, np.int64(_name(entity_id) << SEQUENCE_BITS) | sequences)


def sequences_of(entity_id: int, entries: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sequence numbers of one entity's events, (n,), of the entries of several, (n, k).

    NO_SEQUENCE where the transaction has no such entity, or the job that scored it had another declaration.
    """
    found = np.full(len(entries), NO_SEQUENCE, np.int64)
    rows, columns = np.nonzero(entries >> SEQUENCE_BITS == _name(entity_id))
    found[rows] = entries[rows, columns] & ((1 << SEQUENCE_BITS) - 1)
    return found


def _name(entity_id: int) -> int:
    return 1 + entity_id % _NAMES
