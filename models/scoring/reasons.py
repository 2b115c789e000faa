import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES, FEATURES, Feature

TYPICAL_SPREAD_FLOOR = 0.05
"""Least spread of a feature, so that one that never strays can be ranked too."""

_COLUMN = {name: column for column, name in enumerate(FEATURE_NAMES)}
_WITH_USUAL = tuple(feature for feature in FEATURES if feature.usual is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One feature of an alert that is far from the customer's usual.

    Parameters
    ----------
    feature : str
        Name in `FEATURES`.
    value, usual : float
        The transaction's value and the customer's own usual one, in the feature's unit.
    strangeness : float
        How far apart they are: 1 is as far as genuine transactions typically are.
    """

    feature: str
    value: float
    usual: float
    strangeness: float


def find_reasons(row: NDArray[np.float32], spread: Mapping[str, float], count: int = 3) -> list[Reason]:
    """Return the features furthest from the customer's usual, the furthest first.

    Features without a usual value, or whose value or usual one is missing, are no reasons.

    Parameters
    ----------
    row : ndarray of float32, (F,)
        The alert's features.
    spread : mapping of str to float
        The manifest's `usual_spread`; a feature absent from it counts as having spread 1.
    count : int
        How many at most.
    """
    values = dict(zip(FEATURE_NAMES, row.tolist(), strict=True))
    found = []
    for feature in _WITH_USUAL:
        usual = _usual(feature, values)
        value = values[feature.name]
        if usual is None or value in (feature.missing, usual):
            continue
        strangeness = abs(_log(value) - _log(usual)) / spread.get(feature.name, 1.0)
        found.append(Reason(feature=feature.name, value=value, usual=usual, strangeness=strangeness))
    found.sort(key=lambda reason: -reason.strangeness)
    return found[:count]


def usual_spread(x: NDArray[np.float32]) -> dict[str, float]:
    """Return for each feature with a usual value how far genuine transactions typically stray from it.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        Features of genuine transactions.

    Returns
    -------
    dict of str to float
        Root mean square of the distance that `find_reasons` measures, rows with a missing value left out, at
        least `TYPICAL_SPREAD_FLOOR`.
    """
    return {feature.name: max(_root_mean_square(feature, x), TYPICAL_SPREAD_FLOOR) for feature in _WITH_USUAL}


def _root_mean_square(feature: Feature, x: NDArray[np.float32]) -> float:
    assert feature.usual is not None  # noqa: S101 - what _WITH_USUAL is
    value = x[:, _COLUMN[feature.name]].astype(np.float64)
    present = value != feature.missing if feature.missing < 0 else np.full(len(value), True)
    usual = np.full(len(value), float(feature.usual.factor))
    if feature.usual.feature is not None:
        other = x[:, _COLUMN[feature.usual.feature]].astype(np.float64)
        usual *= other
        present &= other != FEATURES[_COLUMN[feature.usual.feature]].missing
    distance = np.sign(value) * np.log1p(np.abs(value)) - np.sign(usual) * np.log1p(np.abs(usual))
    return math.sqrt(float(np.mean(np.square(distance[present])))) if present.any() else 0.0


def _usual(feature: Feature, values: Mapping[str, float]) -> float | None:
    assert feature.usual is not None  # noqa: S101 - what _WITH_USUAL is
    if feature.usual.feature is None:
        return float(feature.usual.factor)
    other = values[feature.usual.feature]
    if other == FEATURES[_COLUMN[feature.usual.feature]].missing:
        return None
    return other * feature.usual.factor


def _log(value: float) -> float:
    """log1p mirrored at 0: amounts and counts compare by ratio, z-scores by sign too."""
    return math.copysign(math.log1p(abs(value)), value)
