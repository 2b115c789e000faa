"""Bit-for-bit comparison of logged and recomputed scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES
from models.scoring.inference_sample import InferenceSample
from models.scoring.recompute import Recomputed

SCORE = "score"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How a feature, or the score, differs.

    Parameters
    ----------
    rows : int
        Transactions at which the float32 has other bits.
    largest : float
        By how much at most.
    """

    rows: int
    largest: float


@dataclass(frozen=True, kw_only=True)
class Consistency:
    """Logged scores of the job compared with recomputed ones.

    Parameters
    ----------
    compared : int
        Transactions logged and found again.
    missing : int
        Logged, but its transaction is not at its position.
    mismatching : int
        Compared, and any bit of the features or the score differs.
    disordered, shared_numbers : int
        See `Recomputed`.
    differences : dict of str to Difference
        By feature, in the order of FEATURES, the score last; only those that differ.
    entities_uncertain : dict of str to int
        By entity the transactions whose features of it could not be recomputed: an event of unknown sequence number
        may have come before. Their other features, and the score of the logged features, are compared.
    """

    compared: int
    missing: int
    mismatching: int
    disordered: int
    shared_numbers: int
    differences: dict[str, Difference]
    entities_uncertain: dict[str, int]

    @property
    def consistent(self) -> bool:
        """Whether all was found, and is the same to the last bit."""
        return self.missing == self.mismatching == self.disordered == self.shared_numbers == 0


def compare(sample: InferenceSample, again: Recomputed, features: Sequence[str] = FEATURE_NAMES) -> Consistency:
    """Compare bit for bit all features that the version of the job that logged them had.

    Parameters
    ----------
    features : sequence of str
        Names of the features.
    """
    rows = np.flatnonzero(again.found)
    logged = np.column_stack([sample.x[rows], sample.scores[rows]])
    recomputed = np.column_stack([again.x[rows], again.scores[rows]])
    differs = _bits(logged) != _bits(recomputed)
    differs[:, :-1] &= sample.logged[rows]
    distance = np.abs(logged.astype(np.float64) - recomputed.astype(np.float64))
    names = (*features, SCORE)
    uncertain = again.uncertain[rows].sum(axis=0).tolist()
    return Consistency(
        compared=len(rows),
        missing=len(sample) - len(rows),
        mismatching=int(differs.any(axis=1).sum()),
        disordered=again.disordered,
        shared_numbers=again.shared_numbers,
        differences={
            names[column]: Difference(
                rows=int(differs[:, column].sum()), largest=float(distance[differs[:, column], column].max())
            )
            for column in np.flatnonzero(differs.any(axis=0)).tolist()
        },
        entities_uncertain={name: count for name, count in zip(again.entities, uncertain, strict=True) if count},
    )


def _bits(values: NDArray[np.float32]) -> NDArray[Any]:
    return np.ascontiguousarray(values, np.float32).view(np.uint32)
