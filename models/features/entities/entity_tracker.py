"""Entities of a history."""

from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.entities.entity_engine import EntityEngine, EntityFeatures
from models.features.entities.entity_events import entity_events_and_units
from models.features.entities.entity_inputs import NO_SEQUENCE, EntityInputs, EventFeatures
from models.features.entities.entity_labels import EntityLabels, labels_by_entity
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entity import ENTITIES
from models.features.label_batch import NO_LABELS, LabelBatch


class DeclaredTracker(Protocol):
    """Declared aggregates of a history, from empty."""

    def advance(self, records: pa.RecordBatch) -> NDArray[np.float32]:
        """Return the aggregates of a batch, (n, D), each transaction's from those before it."""
        ...


class EntityTracker:
    """Live features of the entities of a history, from empty: the offline counterpart of the job's entity operator.

    Transactions come in event order, so entities see them in that order; the job's see them in the order of arrival,
    which each transaction's sequence numbers record.

    Parameters
    ----------
    with_events : bool
        Whether the features from earlier events are computed; if not, they are missing, and only those from labels are.
    declared : DeclaredTracker, optional
        Declared aggregates.
    """

    def __init__(self, *, with_events: bool = True, declared: DeclaredTracker | None = None) -> None:
        self._declared = declared
        self._engine = EntityEngine(ENTITY_LAYOUT, load=None) if with_events else None
        self._labels = EntityLabels(load=None)

    def advance(
        self,
        records: pa.RecordBatch,
        labels: LabelBatch = NO_LABELS,
        labels_before: NDArray[np.int64] | None = None,
    ) -> EntityInputs:
        """Return the entity features of a batch, each transaction's from those before it.

        Parameters
        ----------
        records : pyarrow.RecordBatch of TRANSACTION_ARROW, n rows
        labels, labels_before
            Labels that arrive with the batch, see `FeatureEngine.advance`.
        """
        events, units = entity_events_and_units(records)
        found = _missing(len(events)) if self._engine is None else self._engine.advance(events)
        learned, rows = labels_by_entity(labels)
        if labels_before is None:
            before = np.full(len(events), len(learned), np.int64)
        else:
            before = np.searchsorted(rows, labels_before[events["row"] // len(ENTITIES)])
        label_x = self._labels.advance(learned, before, events, units)
        reply = EventFeatures(events["row"], found.x, found.sequences, label_x)
        gathered = EntityInputs.gathered(records.num_rows, [reply])
        return gathered if self._declared is None else gathered._replace(declared_x=self._declared.advance(records))

    def learn(self, labels: LabelBatch) -> None:
        """Add labels that arrive without transactions."""
        self._labels.learn(labels_by_entity(labels)[0])


def _missing(n: int) -> EntityFeatures:
    x = np.tile(ENTITY_LAYOUT.missing, (n, 1))
    return EntityFeatures(x, np.full(n, NO_SEQUENCE, np.int64), np.zeros(n, np.bool_))
