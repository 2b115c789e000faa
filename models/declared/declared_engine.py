"""Declared features of transactions, over all entities of a declaration."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.declared.aggregate_engine import AggregateEngine
from models.declared.declared_features import DeclaredFeatures


class DeclaredEngine:
    """Advances the entities of a declaration by transactions, from empty: what training and replays follow.

    Parameters
    ----------
    declared : DeclaredFeatures
    """

    def __init__(self, declared: DeclaredFeatures) -> None:
        self._declared = declared
        self._engines = [AggregateEngine(entity.plan, load=None) for entity in declared.entities]

    def advance(self, records: pa.RecordBatch) -> NDArray[np.float32]:
        """Return the declared features of a batch, (n, features), each transaction's from those before it.

        Parameters
        ----------
        records : pyarrow.RecordBatch, n rows
            See `DeclaredColumns`.
        """
        x = self._declared.empty(records.num_rows)
        for engine, events in zip(self._engines, self._declared.events(records), strict=True):
            engine.advance(events, x)
        self._declared.write_ratios(x)
        return x
