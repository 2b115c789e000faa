"""Selection of the reasons of an alert."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.artifact import Artifact, ArtifactError
from models.scoring.contributions import read_contributions
from models.scoring.reason import Reason
from models.scoring.reason_code import FEATURE_CODES, ReasonCode, code_of
from models.scoring.unusual import unusual_values, usual_value

MAX_REASONS = 3
"""Maximum number of reasons on an alert."""

_CODES = tuple(ReasonCode)
_CODE_NUMBERS = np.array([_CODES.index(code) for code in FEATURE_CODES])
_OWN_COLUMNS = _CODES.index(ReasonCode.OWN_COLUMNS)


class ReasonFinder:
    """Finds why a model alerts: by its exact contributions, where the manifest says so, else by unusual values.

    Raises
    ------
    ArtifactError
        The manifest promises contributions that the model has not.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._spread, self._names = artifact.manifest.usual_spread, artifact.manifest.feature_names
        self._contributions = None
        if artifact.manifest.reasons == "contributions":
            self._contributions = read_contributions(artifact.onnx)
            if self._contributions is None:
                raise ArtifactError(
                    "ONNX model: expected covers of its trees, as the manifest has it, got none. "
                    "Train the model again: fraudstream train"
                )

    def find(self, row: NDArray[np.float32]) -> list[Reason]:
        """Return the reasons of an alert, the strongest first, at most `MAX_REASONS`.

        Parameters
        ----------
        row : ndarray of float32, (F,)
            The alert's features: those of the model give reasons.
        """
        row = row[: len(self._names)]
        if self._contributions is None:
            return unusual_values(row, self._spread, MAX_REASONS)
        return contributing_codes(row, self._contributions.contributions(row), MAX_REASONS, self._names)


def contributing_codes(
    row: NDArray[np.float32],
    contributions: NDArray[np.float64],
    count: int,
    names: Sequence[str] = FEATURE_NAMES,
) -> list[Reason]:
    """Return the codes that make fraud likelier, strongest first.

    The features of a code say much the same, and a model's trees choose among them: what they add is added up.

    Parameters
    ----------
    row : ndarray of float32, (F,)
    contributions : ndarray of float64, (F,)
        Contribution of each feature to the log-odds.
    count : int
        Maximum number.
    names : sequence of str, F of them
        Names of the features: those behind `FEATURES` are declared columns.
    """
    width = len(contributions)
    codes = _CODE_NUMBERS[:width]
    if width > len(codes):
        codes = np.pad(codes, (0, width - len(codes)), constant_values=_OWN_COLUMNS)
    by_code = np.bincount(codes, contributions, len(_CODES))
    strongest = np.argsort(-by_code, kind="stable")[:count]
    return [
        _contributing(row, contributions, np.flatnonzero(codes == code), by_code[code], names)
        for code in strongest
        if by_code[code] > 0
    ]


def _contributing(
    row: NDArray[np.float32],
    contributions: NDArray[np.float64],
    columns: NDArray[np.int64],
    contribution: float,
    names: Sequence[str],
) -> Reason:
    """Return the reason of a code's columns."""
    column = int(columns[np.argmax(contributions[columns])])
    return Reason(
        code=code_of(column),
        feature=names[column],
        value=float(row[column]),
        usual=usual_value(FEATURES[column], row) if column < len(FEATURES) else None,
        contribution=float(contribution),
    )
