"""Explanation of one score by its features."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURES
from models.scoring.artifact import Artifact
from models.scoring.contributions import read_contributions
from models.scoring.model import OnnxModel
from models.scoring.reason import Reason
from models.scoring.reason_code import code_of
from models.scoring.reason_finder import ReasonFinder
from models.scoring.unusual import usual_value


@dataclass(frozen=True, kw_only=True)
class Part:
    """A feature's part in a score.

    Parameters
    ----------
    usual : float or None
        The customer's, or entity's, own usual value; None where there is no such thing.
    contribution : float or None
        Contribution to the log-odds of fraud; None where the model has no contributions.
    """

    feature: str
    code: str
    value: float
    unit: str
    usual: float | None
    contribution: float | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A score, computed again, and its contributions.

    Parameters
    ----------
    score : float
        A float32 value.
    expected : float or None
        Log-odds before anything is known; with all contributions they add up to the score's. None where the model
        does not say.
    reasons : list of Reason
        As an alert has them.
    parts : list of Part
        Of every feature of the model; those that speak most, for or against fraud, first.
    """

    score: float
    expected: float | None
    reasons: list[Reason]
    parts: list[Part]


def explain(artifact: Artifact, row: NDArray[np.float32]) -> Explanation:
    """Score a row again and compute its contributions.

    Parameters
    ----------
    row : ndarray of float32, (F,)
        Features of the model, and maybe later ones.
    """
    width = artifact.manifest.width
    row = row[:width]
    exact = read_contributions(artifact.onnx) if artifact.manifest.reasons == "contributions" else None
    contributions = exact.contributions(row).tolist() if exact else [None] * width
    own = () if artifact.row_columns is None else artifact.row_columns.units
    units = [*(feature.unit for feature in FEATURES[:width]), *own]
    parts = [
        Part(
            feature=name,
            code=code_of(column).value,
            value=float(row[column]),
            unit=units[column],
            usual=usual_value(FEATURES[column], row) if column < len(FEATURES) else None,
            contribution=contributions[column],
        )
        for column, name in enumerate(artifact.manifest.feature_names)
    ]
    return Explanation(
        score=float(OnnxModel(artifact.onnx, features=width).score(row[None])[0]),
        expected=exact.expected if exact else None,
        reasons=ReasonFinder(artifact).find(row),
        parts=sorted(parts, key=lambda part: -abs(part.contribution or 0)),
    )
