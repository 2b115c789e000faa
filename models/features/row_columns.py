"""Declared columns as features of the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.aggregate_tables import AggregateTables
from models.features.column_encoding import ColumnEncoding
from models.features.table import FEATURE_NAMES, FEATURES, spec_hash
from schemas.declaration.declaration import Declaration, DeclarationError
from schemas.validation import event_time_ms

ENCODING_VERSION = 1
"""Raised when a kind's encoding changes its meaning, so that a model trained on the former one is refused."""

AGGREGATES_VERSION = 1
"""Raised when a declared aggregate changes its meaning."""


@dataclass(frozen=True, kw_only=True)
class RowColumns:
    """Declared columns as features, which follow those of `FEATURES` in the model's input.

    Parameters
    ----------
    declaration : str
        Hash of the declaration.
    encodings : tuple of ColumnEncoding
        Of each column that is a feature, in their order.
    aggregates : AggregateTables or None
        Declared aggregates, whose features follow those of the columns.
    """

    declaration: str
    encodings: tuple[ColumnEncoding, ...]
    aggregates: AggregateTables | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        own = () if self.aggregates is None else self.aggregates.names
        return (*(encoding.name for encoding in self.encodings), *own)

    @property
    def missing(self) -> tuple[float, ...]:
        """Value of each feature where it is missing."""
        own = () if self.aggregates is None else self.aggregates.missing
        return (*(encoding.missing for encoding in self.encodings), *own)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each feature; none of an aggregate."""
        return (*(encoding.unit for encoding in self.encodings), *[""] * (len(self) - len(self.encodings)))

    @property
    def arrow(self) -> pa.Schema:
        """The columns in Arrow."""
        if self.aggregates is not None:
            return self.aggregates.arrow
        return pa.schema([pa.field(encoding.name, encoding.kind.arrow) for encoding in self.encodings])

    @property
    def first_aggregate(self) -> int:
        """Column of the first declared aggregate in the model's input."""
        return len(FEATURES) + len(self.encodings)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def spec_hash(self) -> str:
        """Hash of the features of the whole model, those of `FEATURES` first."""
        kinds = [[encoding.name, encoding.kind.value] for encoding in self.encodings]
        spec = [spec_hash(), ENCODING_VERSION, self.declaration, kinds]
        if self.aggregates is not None:
            spec += [AGGREGATES_VERSION, self.aggregates.to_json()]
        return hashlib.sha256(json.dumps(spec).encode()).hexdigest()[:16]

    def write(
        self, records: pa.RecordBatch, x: NDArray[np.float32], declared_x: NDArray[np.float32] | None = None
    ) -> None:
        """Write the columns' features of n transactions, and their aggregates, behind those of `FEATURES`.

        Parameters
        ----------
        records : pyarrow.RecordBatch, n rows
            A column that it lacks has no values.
        x : ndarray of float32, (n, F)
        declared_x : ndarray of float32, (n, D), or None
            Declared aggregates, where there are any in this model; None: they are missing.
        """
        times_ms = event_time_ms(records)
        for number, encoding in enumerate(self.encodings, len(FEATURES)):
            index = records.schema.get_field_index(encoding.name)
            column = pa.nulls(len(records), encoding.kind.arrow) if index < 0 else records.column(index)
            x[:, number] = encoding.of(column, times_ms)
        if self.aggregates is not None:
            x[:, self.first_aggregate :] = self.aggregates.missing if declared_x is None else declared_x

    @classmethod
    def fit(
        cls,
        declaration: Declaration | None,
        table: pa.Table,
        is_fraud: NDArray[np.bool_],
        aggregates: AggregateTables | None = None,
    ) -> RowColumns | None:
        """Learn the encodings of a declaration's columns; None without any, and without aggregates.

        Parameters
        ----------
        table : pyarrow.Table
            Training rows.
        is_fraud : ndarray of bool, (n,)
            Their labels.
        aggregates : AggregateTables, optional
            Aggregates of the declaration.

        Raises
        ------
        UserError
            A column has too many categories.
        """
        if declaration is None or not (declaration.feature_columns or aggregates):
            return None
        times_ms = table["event_time"].cast(pa.int64()).to_numpy()
        encodings = tuple(
            ColumnEncoding.fit(column, table[column.name], times_ms, is_fraud) for column in declaration.feature_columns
        )
        return cls(declaration=declaration.hash, encodings=encodings, aggregates=aggregates)

    def to_json(self) -> dict[str, Any]:
        """Return the encodings as a JSON object; `from_json` gives back equal ones."""
        return {
            "declaration": self.declaration,
            "columns": [encoding.to_json() for encoding in self.encodings],
            "aggregates": None if self.aggregates is None else self.aggregates.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RowColumns:
        """Return the encodings that `to_json` was called on."""
        return cls(
            declaration=value["declaration"],
            encodings=tuple(ColumnEncoding.from_json(column) for column in value["columns"]),
            aggregates=AggregateTables.from_json(aggregates) if (aggregates := value.get("aggregates")) else None,
        )


def width_with(columns: RowColumns | None) -> int:
    """Return the number of features of the engine, with those of declared columns."""
    return len(FEATURES) if columns is None else len(FEATURES) + len(columns)


def names_with(columns: RowColumns | None) -> tuple[str, ...]:
    """Return the names of the engine's features, followed by those of declared columns."""
    return FEATURE_NAMES if columns is None else (*FEATURE_NAMES, *columns.names)


def require_own_names(declaration: Declaration) -> None:
    """Refuse columns with names of features.

    Raises
    ------
    DeclarationError
    """
    taken = [column.name for column in declaration.columns if column.name in FEATURE_NAMES]
    if taken:
        raise DeclarationError(
            f"{declaration.path or 'the declaration'}: expected names in [columns] that no feature has, got "
            f"{', '.join(taken)}. Rename {'them' if len(taken) > 1 else 'it'}"
        )
