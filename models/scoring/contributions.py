"""SHAP values of the supported models."""

from typing import Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from models.scoring.tree_ensemble import read_trees
from models.scoring.tree_nodes import read_nodes
from models.scoring.tree_shap import TreeShap


class Contributions(Protocol):
    """SHAP values: the contribution of each feature to a row's log-odds of fraud.

    Attributes
    ----------
    expected : float
        Log-odds of an average row.
    """

    expected: float

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature adds, (F,): with `expected` they add up to the row's log-odds.

        Parameters
        ----------
        row : ndarray of float32, (F,)
        """


class LinearContributions:
    """Contributions of a logistic regression: coefficient times distance from the mean training row.

    Parameters
    ----------
    mean, coefficients : ndarray of float64, (F,)
    """

    def __init__(self, mean: NDArray[np.float64], coefficients: NDArray[np.float64], intercept: float) -> None:
        self.expected = intercept
        self._mean, self._coefficients = mean, coefficients

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `Contributions.contributions`."""
        contributions: NDArray[np.float64] = (row.astype(np.float64) - self._mean) * self._coefficients
        return contributions


class CalibratedContributions:
    """Contributions of a model with Platt calibration, which maps log-odds to slope * log-odds + offset."""

    def __init__(self, uncalibrated: Contributions, slope: float, offset: float) -> None:
        self.expected = slope * uncalibrated.expected + offset
        self._uncalibrated, self._slope = uncalibrated, slope

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `Contributions.contributions`."""
        return self._slope * self._uncalibrated.contributions(row)


def read_contributions(content: bytes) -> Contributions | None:
    """Return the contribution method of an exported graph, which is not run.

    Returns
    -------
    Contributions or None
        None for a graph without one: a forest, whose trees add up probabilities and are too deep to explain
        in the stream, and an export without covers, as those of earlier versions are.

    Raises
    ------
    ArtifactError
        The graph has covers that do not add up.
    """
    model = onnx.load_from_string(content)
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    found = _read_uncalibrated(model, constants)
    if found and "slope" in constants:
        return CalibratedContributions(found, float(constants["slope"]), float(constants["offset"]))
    return found


def _read_uncalibrated(model: onnx.ModelProto, constants: dict[str, NDArray[np.float64]]) -> Contributions | None:
    if (nodes := read_nodes(model)) is not None:
        features = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        return TreeShap(read_trees(nodes), features)
    if {"mean", "coefficients", "intercept"} <= constants.keys():
        mean, coefficients, intercept = (constants[name] for name in ("mean", "coefficients", "intercept"))
        return LinearContributions(mean, coefficients.ravel(), float(intercept[0]))
    return None
