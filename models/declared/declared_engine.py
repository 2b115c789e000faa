"""Declared features of transactions, over all entities of a declaration."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.declared.aggregate_engine import AggregateEngine
from models.declared.declared_features import DeclaredFeatures, aggregates_of
from models.declared.declared_rules import numbers_of_rules
from models.features.row_columns import RowColumns
from schemas.declaration.declaration import Declaration


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
        return self._declared.completed(self._advanced(records))

    def described(self, records: pa.RecordBatch) -> NDArray[np.float32]:
        """Return what `advance` does, with NaN where a feature is missing."""
        x = self._advanced(records)
        self._declared.write_ratios(x)
        return x

    def _advanced(self, records: pa.RecordBatch) -> NDArray[np.float32]:
        """Return the features without ratios."""
        x = self._declared.empty(records.num_rows)
        for engine, events in zip(self._engines, self._declared.events(records), strict=True):
            engine.advance(events, x)
        return x


class DeclaredNumbers:
    """Declared features of a history by name, from empty, for rules.

    Parameters
    ----------
    declaration : Declaration or None
    """

    def __init__(self, declaration: Declaration | None) -> None:
        self._declared = declared = aggregates_of(declaration)
        self.names = () if declared is None else declared.names
        self._engine = None if declared is None else DeclaredEngine(declared)

    def advance(self, records: pa.RecordBatch) -> Mapping[str, NDArray[np.float32]]:
        """Return each feature of a batch, (n,); NaN where it is missing."""
        if self._engine is None:
            return {}
        return numbers_of_rules(self._declared, self._engine.advance(records))


def tracker_of(row_columns: RowColumns | None) -> DeclaredEngine | None:
    """Return the engine of the aggregates that a model reads, None without any."""
    declared = features_of_model(row_columns)
    return None if declared is None else DeclaredEngine(declared)


def features_of_model(row_columns: RowColumns | None) -> DeclaredFeatures | None:
    """Return the aggregates that a model reads, None without any."""
    aggregates = None if row_columns is None else row_columns.aggregates
    if aggregates is None:
        return None
    return DeclaredFeatures.of(aggregates.tables, aggregates.kinds, aggregates.entities)
