"""Encoding of a declared column as a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features.risk import RiskTable
from schemas.arrow_buffers import is_null, numbers
from schemas.declaration.column_kind import ColumnKind
from schemas.declaration.declared_column import DeclaredColumn
from schemas.durations import HOUR_MS
from schemas.errors import UserError

NO_VALUE = ""
"""Category of a missing value: it has a fraud rate of its own, as texts have."""

MIN_SEEN = 10
"""Training rows from which on a category has a fraud rate of its own: rarer ones share that of unseen ones."""

MAX_CATEGORIES = 10_000
"""Maximum number of categories of a column: each has a fraud rate in the model's manifest."""

_UNSEEN = "\ufffd"
_LARGEST = np.finfo(np.float32).max


@dataclass(frozen=True, kw_only=True)
class ColumnEncoding:
    """A declared column as a feature, as learned in training.

    Numbers are as they are, flags 0 or 1, times the hours from them to the event, categories their fraud rate.

    Parameters
    ----------
    name : str
    kind : ColumnKind
    missing : float
        Feature where the column has no value: -1, and below all of training's where these are negative too.
    risk : RiskTable or None
        Fraud rates of a category, whose ``prior`` is that of rare and unseen ones.
    """

    name: str
    kind: ColumnKind
    missing: float = -1.0
    risk: RiskTable | None = None

    @property
    def unit(self) -> str:
        """Unit of the feature."""
        return self.kind.unit

    def of(self, column: pa.Array, event_time_ms: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the feature of each row.

        Parameters
        ----------
        column : pyarrow.Array, (n,)
            In the type of its kind.
        event_time_ms : ndarray of int64, (n,)

        Returns
        -------
        ndarray of float32, (n,)
            Never NaN or infinite.
        """
        if self.risk is not None:
            return self.risk.of(column.fill_null(NO_VALUE))
        values = values_of(self.kind, column, event_time_ms)
        return np.where(np.isfinite(values), values, np.float32(self.missing))

    @classmethod
    def fit(
        cls,
        column: DeclaredColumn,
        values: pa.ChunkedArray,
        event_time_ms: NDArray[np.int64],
        is_fraud: NDArray[np.bool_],
    ) -> ColumnEncoding:
        """Learn the encoding from n training rows.

        Raises
        ------
        UserError
            A category has more than MAX_CATEGORIES values.
        """
        if column.kind is ColumnKind.CATEGORY:
            return cls(name=column.name, kind=column.kind, risk=_rates(column.name, values, is_fraud))
        known = values_of(column.kind, _array(values, column), event_time_ms)
        known = known[np.isfinite(known)]
        return cls(name=column.name, kind=column.kind, missing=_below(known))

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as a JSON object; `from_json` gives back an equal one."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "missing": self.missing,
            "risk": None if self.risk is None else self.risk.to_json(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ColumnEncoding:
        """Return the encoding that `to_json` was called on."""
        risk = value["risk"]
        return cls(
            name=value["name"],
            kind=ColumnKind(value["kind"]),
            missing=value["missing"],
            risk=None if risk is None else RiskTable.from_json(risk),
        )


def values_of(kind: ColumnKind, column: pa.Array, event_time_ms: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return numbers, flags or hours (n,); NaN or infinite where there is none that a float32 holds."""
    absent = is_null(column)
    match kind:
        case ColumnKind.FLAG:
            exact = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        case ColumnKind.TIME:
            # As floats: the difference of hostile times overflows.
            exact = (event_time_ms.astype(np.float64) - numbers(column, np.int64).astype(np.float64)) / HOUR_MS
        case _:
            exact = numbers(column, np.float64)
    with np.errstate(over="ignore"):
        values: NDArray[np.float32] = np.where(absent, np.nan, exact).astype(np.float32)
    return values


def _array(values: pa.ChunkedArray, column: DeclaredColumn) -> pa.Array:
    return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], column.kind.arrow)


def _below(known: NDArray[np.float32]) -> float:
    smallest = np.float32(known.min(initial=0))
    if smallest >= 0:
        return -1.0
    below = np.float32(np.floor(smallest) - 1)
    if below == smallest:  # a large number is the same minus 1
        below = smallest if smallest == -_LARGEST else np.nextafter(smallest, -_LARGEST)
    return float(below)


def _rates(name: str, values: pa.ChunkedArray, is_fraud: NDArray[np.bool_]) -> RiskTable:
    filled = values.fill_null(NO_VALUE)
    counted = filled.value_counts()
    if len(counted) > MAX_CATEGORIES:
        raise UserError(
            f"expected at most {MAX_CATEGORIES:,} values of {name}, a category, got {len(counted):,}. Declare it as "
            '"text", which identifies an entity, or group its values'
        )
    frequent = counted.field("values").filter(pc.greater_equal(counted.field("counts"), MIN_SEEN))
    known = pc.if_else(pc.is_in(filled, frequent), filled, _UNSEEN)
    found = RiskTable.fit(known, is_fraud)
    rates = dict(found.rates)
    unseen = rates.pop(_UNSEEN, found.prior)
    return RiskTable(rates=rates, prior=unseen)
