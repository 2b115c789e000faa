"""Entity features of a sample's transactions, replayed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.declared.declared_engine import features_of_model
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_layout import ENTITY_WIDTH, FIRST_ENTITY_COLUMN
from models.features.entity import ENTITIES
from models.features.hashing import transaction_hashes
from models.scoring.artifact import Artifact
from models.scoring.declared_replay import replay_declared
from models.scoring.entity_replay import Progress, replay_entities
from models.scoring.inference_sample import InferenceSample
from models.scoring.label_replay import replay_labels
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences

Rows = NDArray[np.int64]


class ReplayedInputs:
    """Entity features of a sample's transactions, declared ones included.

    Attributes
    ----------
    names : tuple of str
        Names of the entities, those of the declaration last.
    shared_numbers, disordered : int
        See `ReplayedEntities` and `ReplayedLabels`.

    Parameters
    ----------
    sample, transactions, labels, artifact, recorded, progress
        As of `recompute`.
    """

    def __init__(
        self,
        sample: InferenceSample,
        transactions: PositionedRecords,
        labels: PositionedRecords,
        artifact: Artifact,
        recorded: RecordedSequences,
        progress: Progress | None,
    ) -> None:
        self._sample, self._logged = sample, sample.with_entities
        # A duplicate has the score of its first occurrence, which the sample may lack.
        rows = np.flatnonzero(np.isin(transaction_hashes(transactions.records), sample.keys()))
        self._index = np.full(len(transactions.offsets), -1, np.int64)
        self._index[rows] = np.arange(len(rows))
        self._labels = replay_labels(transactions, labels, recorded, rows)
        # A model without entity features reads them of no transaction.
        advanced = rows if self._logged.any() else rows[:0]
        self._replayed = replay_entities(transactions, recorded, advanced, progress=progress)
        self.shared_numbers, self.disordered = self._replayed.shared_numbers, self._labels.disordered
        self.names = tuple(entity.name for entity in ENTITIES)
        self._features, self._declared = features_of_model(artifact.row_columns), None
        if self._features is not None and artifact.row_columns is not None:
            self._first_declared = artifact.row_columns.first_aggregate
            self._declared = replay_declared(self._features, transactions, recorded, advanced, progress=progress)
            self.shared_numbers += self._declared.shared_numbers
            self.names += tuple(f"declared {entity.name}" for entity in self._features.entities)

    def of(self, rows: Rows, sampled: Rows) -> tuple[EntityInputs, NDArray[np.bool_]]:
        """Return the features of some transactions, and which of them are uncertain: there they are as logged."""
        inputs = EntityInputs.missing(len(rows))
        uncertain = np.zeros((len(rows), len(self.names)), np.bool_)
        here = np.flatnonzero(self._index[rows] >= 0)
        replayed = self._index[rows[here]]
        inputs.label_x[here] = self._labels.x[replayed]
        if not len(self._replayed.inputs.x):
            return inputs, uncertain
        inputs.x[here] = self._replayed.inputs.x[replayed]
        is_logged = (sampled >= 0) & self._logged[sampled]
        uncertain[here, : len(ENTITIES)] = self._replayed.uncertain[replayed]
        if self._declared is not None:
            uncertain[here, len(ENTITIES) :] = self._declared.uncertain[replayed]
        uncertain[~is_logged] = False
        at, entity = np.nonzero(uncertain[:, : len(ENTITIES)])
        columns = FIRST_ENTITY_COLUMN + entity[:, None] * ENTITY_WIDTH + np.arange(ENTITY_WIDTH)
        inputs.x[at[:, None], columns - FIRST_ENTITY_COLUMN] = self._sample.x[sampled[at][:, None], columns]
        if self._declared is None or self._features is None:
            return inputs, uncertain
        x = self._features.completed(self._features.empty(len(rows)))
        x[here] = self._declared.x[replayed]
        for number, declared in enumerate(self._features.entities, len(ENTITIES)):
            at, own = np.flatnonzero(uncertain[:, number]), np.array(self._features.x_columns_of(declared))
            x[at[:, None], own] = self._sample.x[sampled[at][:, None], self._first_declared + own]
        return inputs._replace(declared_x=x), uncertain
