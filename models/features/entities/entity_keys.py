"""Hashes of the values of entities."""

from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.entity import Entity
from models.features.hashing import hash_column, hash_pairs

NO_ENTITY = np.uint64(0)
"""Key of an entity that a record does not have."""


@cache
def salts(entities: tuple[Entity, ...]) -> NDArray[np.uint64]:
    """Return the hash of each entity's name: equal values of different entities have different keys."""
    return hash_column(pa.array([entity.name for entity in entities]))


def entity_keys(records: pa.RecordBatch, entities: tuple[Entity, ...]) -> NDArray[np.uint64]:
    """Return the hash of each record's value of each entity, (n, len(entities)); NO_ENTITY for null."""
    n = records.num_rows
    keys = np.empty((n, len(entities)), np.uint64)
    for index, (entity, salt) in enumerate(zip(entities, salts(entities), strict=True)):
        values = hash_column(records.column(entity.column))
        keys[:, index] = np.where(values == 0, NO_ENTITY, hash_pairs(np.full(n, salt), values))
    return keys
