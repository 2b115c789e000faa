"""Entities of a history."""

import pyarrow as pa

from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_events import entity_events
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_layout import ENTITY_LAYOUT


class EntityTracker:
    """Live features of the entities of a history, from empty: the offline counterpart of the job's entity operator.

    Transactions come in event order, so entities see them in that order; the job's see them in the order of arrival,
    which each transaction's sequence numbers record.
    """

    def __init__(self) -> None:
        self._engine = EntityEngine(ENTITY_LAYOUT, load=None)

    def advance(self, records: pa.RecordBatch) -> EntityInputs:
        """Return the entity features of a batch, each transaction's from those before it.

        Parameters
        ----------
        records : pyarrow.RecordBatch of TRANSACTION_ARROW, n rows
        """
        events = entity_events(records)
        found = self._engine.advance(events)
        return EntityInputs.gathered(records.num_rows, [(events["row"], found.x, found.sequences)])
