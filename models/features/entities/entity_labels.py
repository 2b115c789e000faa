"""Known labels of entities, and their features."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features import label_kernel
from models.features.entities.entity_keys import NO_ENTITY
from models.features.entities.entity_record import EVENT
from models.features.entities.hashed_pool import HashedPool
from models.features.entities.label_layout import LABEL_LAYOUT, LABEL_WIDTH
from models.features.entity import ENTITIES, LABELLED_ENTITIES
from models.features.label_batch import LabelBatch
from models.features.label_pool import LabelPool
from models.features.label_record import ENTITY_LABEL
from models.features.warm_up import warm_up

_NO_EVENTS = np.empty(0, EVENT)
_NO_UNITS = np.empty(0, np.float64)
_NO_SLOTS = np.empty(0, np.int64)
NO_ENTITY_LABELS = np.empty(0, ENTITY_LABEL)


def labels_by_entity(labels: LabelBatch) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return one ENTITY_LABEL for each label and each entity that it has, and the label's row."""
    rows, entities = np.nonzero(labels.entity_keys != NO_ENTITY)
    found = np.empty(len(rows), ENTITY_LABEL)
    found["key"] = labels.entity_keys[rows, entities]
    found["transaction"] = labels.transactions[rows]
    found["label_time_ms"] = labels.label_times_ms[rows]
    found["verdict"] = labels.verdicts[rows]
    return found, rows


def has_labels(rows: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which events, by ``row`` of EVENT, are of an entity with labels."""
    labelled: NDArray[np.bool_] = rows % len(ENTITIES) < len(LABELLED_ENTITIES)
    return labelled


def without_labels(rows: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return what `EntityLabels.describe` gives for events while no label is known."""
    return np.tile(LABEL_LAYOUT.missing, (int(has_labels(rows).sum()), 1))


class _EntityLabelPool(HashedPool, LabelPool[int]):
    """Known labels of entities by the hash of their value."""

    def _allocate(self, capacity: int) -> None:
        super()._allocate(capacity)
        LabelPool._allocate(self, capacity)
        self.keys = np.zeros(capacity, np.uint64)

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [*super()._arrays(), self.keys]


class EntityLabels:
    """Known labels of entities, by the hash of their value, which describe their events.

    For what a label meets see `FeatureEngine`. Only events of entities with labels are described.

    Parameters
    ----------
    load : callable of int to bytes or None, or None
        Record of an entity that is not in memory; None: memory is all, and grows.
    capacity : int
        Entities held in memory.
    """

    def __init__(self, *, load: Callable[[int], bytes | None] | None, capacity: int = 16_384) -> None:
        warm_up()
        self._pool = _EntityLabelPool(capacity=capacity, load=load)

    def learn(self, labels: NDArray[Any]) -> None:
        """Add labels of ENTITY_LABEL, (n,)."""
        self._advance(labels, _NO_SLOTS, _NO_EVENTS, _NO_UNITS)

    def describe(self, events: NDArray[Any], units: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the label features of those of n events that have labels, (m, LABEL_WIDTH), in their sequence.

        Parameters
        ----------
        events : ndarray of EVENT, (n,)
        units : ndarray of float64, (n,)
            Minor units of each event's currency.
        """
        return self.advance(NO_ENTITY_LABELS, np.zeros(len(events), np.int64), events, units)

    def advance(
        self, labels: NDArray[Any], labels_before: NDArray[np.int64], events: NDArray[Any], units: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Add labels and describe events, as `describe`, each after its ``labels_before`` first labels, (n,)."""
        mine = has_labels(events["row"])
        if mine.all():
            return self._advance(labels, labels_before, events, units)
        return self._advance(labels, labels_before[mine], events[mine], units[mine])

    def _advance(
        self, labels: NDArray[Any], labels_before: NDArray[np.int64], events: NDArray[Any], units: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        pool, layout = self._pool, LABEL_LAYOUT
        slots = pool.slots_of(np.concatenate((labels["key"], events["key"])))
        x = np.empty((len(events), LABEL_WIDTH), np.float32)
        label_kernel.advance_entities(
            pool.labels, pool.counts, pool.totals, pool.tiles, pool.ledger_rows, pool.ledger.with_room_for(len(labels)),
            pool.changed, layout.windows_ms, layout.columns, layout.fact_indices, layout.missing,
            labels, slots[: len(labels)], labels_before, events, slots[len(labels) :], units, x,
        )  # fmt: skip
        return x

    def pop_changed(self) -> dict[int, bytes]:
        """Return the record of each entity that changed since the last call: ``load`` must find it from now on."""
        return self._pool.pop_changed()

    def awaits_storing(self, key: int) -> bool:
        """Return whether `pop_changed` would give an entity."""
        return self._pool.awaits_storing(key)

    def drop(self, keys: Iterable[int]) -> None:
        """Forget entities that the store has forgotten."""
        self._pool.drop(keys)
