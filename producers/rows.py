"""Transactions as columns of codes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

GENUINE = -1
NO_DEVICE = -1


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Transactions as columns of codes, before they get ids and become a table. All arrays are (n,).

    Attributes
    ----------
    customer, merchant : int32
        Positions in the `CardWorld`.
    kind : int8
        `TransactionType`.
    amount : float64
        Major units.
    device : int64
        Device code, `NO_DEVICE` where missing.
    latitude, longitude : float64
        Degrees, NaN where missing.
    time_ms : int64
        Event time, milliseconds since 1970.
    scenario : int8
        Position in `SCENARIO_NAMES`, `GENUINE` for no fraud.
    """

    customer: NDArray[np.int32]
    merchant: NDArray[np.int32]
    kind: NDArray[np.int8]
    amount: NDArray[np.float64]
    device: NDArray[np.int64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    time_ms: NDArray[np.int64]
    scenario: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.time_ms)

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Return all rows of `parts`, one after the other."""
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})

    def take(self, positions: NDArray[np.intp]) -> Self:
        """Return the rows at `positions`, in that order."""
        return type(self)(**{f.name: getattr(self, f.name)[positions] for f in fields(self)})
