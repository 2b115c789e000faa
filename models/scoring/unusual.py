"""Features that deviate from what is normal for the customer, merchant or device."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES, FEATURES, Feature
from models.scoring.reason import Reason
from models.scoring.reason_code import FEATURE_CODES

TYPICAL_SPREAD_FLOOR = 0.05
"""Minimum spread of a feature, so that a constant one can be ranked too."""

_COLUMN = {name: column for column, name in enumerate(FEATURE_NAMES)}
_WITH_USUAL = tuple(feature for feature in FEATURES if feature.usual is not None)


def unusual_values(row: NDArray[np.float32], spread: Mapping[str, float], count: int = 3) -> list[Reason]:
    """Return the features furthest from their usual values, the furthest first.

    Features without a usual value, or whose value or usual one is missing, are no reasons.

    Parameters
    ----------
    row : ndarray of float32, (F,)
        The alert's features, of `FEATURES` or of a former table.
    spread : mapping of str to float
        The manifest's `usual_spread`; a feature absent from it counts as having spread 1.
    count : int
        Maximum number.
    """
    found = []
    for feature in _WITH_USUAL:
        column = _COLUMN[feature.name]
        if column >= len(row):
            break
        usual, value = usual_value(feature, row), float(row[column])
        if usual is None or value in (feature.missing, usual):
            continue
        strangeness = abs(_log(value) - _log(usual)) / spread.get(feature.name, 1.0)
        found.append((strangeness, column, usual))
    found.sort(key=lambda item: -item[0])
    return [
        Reason(
            code=FEATURE_CODES[column],
            feature=FEATURE_NAMES[column],
            value=float(row[column]),
            usual=usual,
            strangeness=strangeness,
        )
        for strangeness, column, usual in found[:count]
    ]


def usual_spread(x: NDArray[np.float32]) -> dict[str, float]:
    """Return for each feature with a usual value how far genuine transactions typically stray from it.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        Features of genuine transactions.

    Returns
    -------
    dict of str to float
        Root mean square of the distance that `unusual_values` measures, rows with a missing value left out, at
        least `TYPICAL_SPREAD_FLOOR`.
    """
    return {
        feature.name: max(_root_mean_square(feature, x), TYPICAL_SPREAD_FLOOR)
        for feature in _WITH_USUAL
        if _COLUMN[feature.name] < x.shape[1]
    }


def usual_value(feature: Feature, row: NDArray[np.float32]) -> float | None:
    """Return the customer's, or entity's, own usual value of a feature; None where there is no such thing.

    Parameters
    ----------
    row : ndarray of float32, (F,)
    """
    if feature.usual is None:
        return None
    if feature.usual.feature is None:
        return float(feature.usual.factor)
    column = _COLUMN[feature.usual.feature]
    other = float(row[column])
    return None if other == FEATURES[column].missing else other * feature.usual.factor


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


def _log(value: float) -> float:
    """log1p mirrored at 0: amounts and counts compare by ratio, z-scores by sign too."""
    return math.copysign(math.log1p(abs(value)), value)
