"""Fraud rates by category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class RiskTable:
    """Fraud rate by category, learned in training and fixed from then on.

    Parameters
    ----------
    rates : mapping of str to float
        Smoothed fraud rate of each category seen in training.
    prior : float
        Fraud rate over all of them: the answer for null and for a category never seen.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    prior: float = 0.0

    def of(self, column: pa.Array) -> NDArray[np.float32]:
        """Return the rate of each value.

        Parameters
        ----------
        column : pyarrow string array, (n,)

        Returns
        -------
        ndarray of float32, (n,)
        """
        get, prior = self.rates.get, self.prior
        if len(column) < 64:  # below this the look-ups cost less than the encoding
            return np.array([get(value, prior) for value in column.to_pylist()], np.float32)
        encoded = column.dictionary_encode(null_encoding="encode")
        rates = np.array([get(value, prior) for value in encoded.dictionary.to_pylist()], np.float32)
        of_rows: NDArray[np.float32] = rates[encoded.indices.to_numpy()]
        return of_rows

    @classmethod
    def fit(
        cls, categories: pa.Array | pa.ChunkedArray, is_fraud: NDArray[np.bool_], *, smoothing: float = 100.0
    ) -> RiskTable:
        """Learn the rates: (frauds + smoothing * prior) / (transactions + smoothing).

        Parameters
        ----------
        categories : pyarrow string array, (n,)
            Nulls count for the prior only.
        is_fraud : ndarray of bool, (n,)
            Only labels known at the time of training: the caller sees to that.
        smoothing : float
            Number of transactions at the prior that each category starts with; above 0.
        """
        prior = float(np.mean(is_fraud)) if len(is_fraud) else 0.0
        frauds = pc.cast(pa.array(is_fraud, pa.bool_()), pa.int64())
        groups = pa.table({"category": categories, "fraud": frauds}).group_by("category")
        rows = groups.aggregate([("fraud", "sum"), ("fraud", "count")]).to_pylist()
        rates = {
            row["category"]: (row["fraud_sum"] + smoothing * prior) / (row["fraud_count"] + smoothing)
            for row in rows
            if row["category"] is not None
        }
        return cls(rates=dict(sorted(rates.items())), prior=prior)

    def to_json(self) -> dict[str, Any]:
        """Return the table as a JSON object; `from_json` gives back an equal table."""
        return {"prior": self.prior, "rates": dict(self.rates)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RiskTable:
        """Return the table that `to_json` was called on."""
        return cls(rates=dict(value["rates"]), prior=float(value["prior"]))
