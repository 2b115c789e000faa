"""Builders of entity shards in memory, and of events for them."""

import numpy as np

from jobs.operators.bucketed_map import BucketedMap, high_bits
from jobs.operators.entity_batch import EntityBatch
from jobs.operators.entity_shard import EntityShard
from jobs.operators.entity_state import signed
from models.features.entities.entity_record import EVENT
from tests.unit.jobs.map_state import MapLike
from tests.unit.jobs.value_state import Value


class State:
    """In-memory EntityState."""

    def __init__(self):
        self.parts, self.event_log = [MapLike() for _ in range(4)], [MapLike() for _ in range(4)]
        self.entities = BucketedMap(self.parts, "thread", high_bits)
        self.next_sequence, self.expires_on = Value(), MapLike()
        self.label_parts = [MapLike() for _ in range(2)]
        self.labels = BucketedMap(self.label_parts, "thread", high_bits)
        self.label_log, self.label_offsets = MapLike(), Value()

    def read(self, key):
        return self.entities.get(signed(key))

    def read_labels(self, key):
        return self.labels.get(signed(key))

    @property
    def records(self):
        return {key: record for part in self.parts for key, record in part.items()}

    @property
    def logged(self):
        return {number: entry for part in self.event_log for number, entry in part.items()}


def events(seed, count, keys=9):
    random = np.random.default_rng(seed)
    found = np.zeros(count, EVENT)
    found["key"] = random.integers(1, keys + 1, count)
    found["customer"] = random.integers(1, 1 << 60, count)
    found["transaction"] = random.integers(1, 1 << 60, count)
    found["event_time_ms"] = 1_700_000_000_000 + np.sort(random.integers(0, 10_000_000, count))
    found["amount"] = random.random(count) * 100
    found["row"] = np.arange(count)
    return found


def batch(given_events):
    return EntityBatch(given_events, np.full(len(given_events), 100.0))


def open_shard(state, capacity=1_000, *, with_labels=True):
    return EntityShard(state, capacity, with_labels=with_labels)
