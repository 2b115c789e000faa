"""Entities of the tests."""

import numpy as np

from models.features.entities.entity_record import ENTRY, ID_FIELDS, SEEN, TILE, TILES_KEPT, EntityRecord


def entity(count=3, ids=0, tiled=False):
    """Return an entity with so many events kept one by one and ids of events that left."""
    random = np.random.default_rng(count + ids)
    entries = np.zeros(count, ENTRY)
    entries["event_time_ms"] = np.arange(count) * 1_000
    entries["transaction"] = random.integers(1, 1 << 60, count)
    tiles = seen = None
    if tiled:
        tiles, seen = np.zeros(TILES_KEPT, TILE), np.zeros(1, SEEN)
        tiles[7]["count"], tiles[7]["registers"][9] = 2, 30
        seen["adds"] = 5
    left = (random.integers(1, 1 << 60, ids).astype(ID_FIELDS[0]), np.arange(ids).astype(ID_FIELDS[1]))
    return EntityRecord(entries, 41, -7, tiles, seen, left if tiled else ())
