"""Keyed map state without Flink."""

from dataclasses import dataclass, field
from types import SimpleNamespace

from jobs.operators.history_map import HistoryMap
from tests.unit.jobs.value_state import Value


class MapLike(dict):
    """A dict with the methods of Flink's map state."""

    def put(self, key, value):
        self[key] = value

    def contains(self, key):
        return key in self

    def put_all(self, entries):
        self.update(entries)

    def remove(self, key):
        self.pop(key, None)


@dataclass
class State:
    """In-memory ShardState."""

    histories: HistoryMap = field(default_factory=lambda: HistoryMap([MapLike() for _ in range(4)], "thread"))
    former_histories: MapLike = field(default_factory=MapLike)
    history_log: list = field(default_factory=lambda: [MapLike() for _ in range(8)])
    next_history_entry: Value = field(default_factory=Value)
    merchant_labels: MapLike = field(default_factory=MapLike)
    customer_labels: MapLike = field(default_factory=MapLike)
    label_log: MapLike = field(default_factory=MapLike)
    expires_on: MapLike = field(default_factory=MapLike)
    merchants_expire_on: MapLike = field(default_factory=MapLike)

    def __post_init__(self):
        self.label_offsets = SimpleNamespace(
            value=lambda: self.offsets, update=lambda raw: setattr(self, "offsets", raw)
        )
        self.offsets = None

    @property
    def customers(self):
        """Customers with a stored history."""
        return set(self.histories.keys())

    def read(self, state, key):
        return state.get(key)

    def put_all(self, state, entries):
        state.update(entries)
