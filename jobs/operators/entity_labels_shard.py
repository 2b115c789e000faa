"""Known labels of one entity shard, between memory and state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jobs.operators.entity_state import signed
from jobs.operators.label_log import LabelLog
from jobs.operators.label_offsets import LabelOffsets
from jobs.operators.packed import pack, unpack
from models.features.entities.entity_labels import EntityLabels
from models.features.label_record import ENTITY_LABEL, newest_label_time_ms

if TYPE_CHECKING:
    from jobs.operators.entity_state import EntityState
    from jobs.operators.expiry_index import ExpiryIndex


class EntityLabelsShard:
    """Known labels of the entities of one shard in memory, backed by the shard's state.

    Parameters
    ----------
    state : EntityState
        With the shard's key current, now and at each call.
    expiry : ExpiryIndex
        Of the shard's entities.
    capacity : int
        Entities held in memory.
    """

    def __init__(self, state: EntityState, expiry: ExpiryIndex[int], capacity: int) -> None:
        self._state, self._expiry = state, expiry
        self._labels = EntityLabels(load=state.read_labels, capacity=capacity)
        self._log = LabelLog(state.label_log)
        self._offsets = LabelOffsets(state.label_offsets)
        self._log.restore(self._learn_logged)

    @property
    def label_offsets(self) -> list[int]:
        """For each partition of the labels topic the next label that is not yet known, one partition at least."""
        return self._offsets.values or [0]

    def learn(self, labels: NDArray[Any], positions: NDArray[np.int64]) -> None:
        """Learn labels of ENTITY_LABEL at their positions and store them; those that are known are skipped."""
        unknown = self._offsets.unknown(positions)
        labels, positions = labels[unknown], positions[unknown]
        if not len(labels):
            return
        self._labels.learn(labels)
        if self._log.accepts(len(labels)):
            self._log.add(pack((labels.tobytes(),)), len(labels))
        else:
            self.write()
        self._offsets.note(positions)

    def write(self) -> None:
        """Write the records of all entities whose labels changed, so that the log is empty."""
        records = {signed(key): record for key, record in self._labels.pop_changed().items()}
        self._expiry.schedule_changed(records, newest_label_time_ms)
        self._state.labels.put_all(records)
        self._log.clear()

    def describe(self, events: NDArray[Any], units: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the label features of events, see `EntityLabels.describe`."""
        return self._labels.describe(events, units)

    def awaits_storing(self, key: int) -> bool:
        """Return whether an entity has labels that are in the log alone."""
        return self._labels.awaits_storing(key)

    def drop(self, keys: Iterable[int]) -> None:
        """Forget entities that the state has forgotten."""
        self._labels.drop(keys)

    def _learn_logged(self, entry: bytes) -> int:
        (raw,) = unpack(entry)
        logged = np.frombuffer(raw, ENTITY_LABEL)
        self._labels.learn(logged)
        return len(logged)
