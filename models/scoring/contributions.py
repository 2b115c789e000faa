from typing import Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from models.scoring.tree_ensemble import read_trees
from models.scoring.tree_shap import TreeShap


class Contributions(Protocol):
    """Says what each feature adds to a row's log-odds of fraud: SHAP values.

    Attributes
    ----------
    expected : float
        Log-odds before anything is known of the row.
    """

    expected: float

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature adds, (F,): with `expected` they add up to the row's log-odds.

        Parameters
        ----------
        row : ndarray of float32, (F,)
        """


class LinearContributions:
    """Of a logistic regression: coefficient times distance from the mean of the training rows.

    Parameters
    ----------
    mean, coefficients : ndarray of float64, (F,)
    intercept : float
    """

    def __init__(self, mean: NDArray[np.float64], coefficients: NDArray[np.float64], intercept: float) -> None:
        self.expected = intercept
        self._mean, self._coefficients = mean, coefficients

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `Contributions.contributions`."""
        contributions: NDArray[np.float64] = (row.astype(np.float64) - self._mean) * self._coefficients
        return contributions


class CalibratedContributions:
    """Of a model with Platt's calibration behind it, which maps log-odds to slope * log-odds + offset.

    Parameters
    ----------
    uncalibrated : Contributions
    slope, offset : float
    """

    def __init__(self, uncalibrated: Contributions, slope: float, offset: float) -> None:
        self.expected = slope * uncalibrated.expected + offset
        self._uncalibrated, self._slope = uncalibrated, slope

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `Contributions.contributions`."""
        return self._slope * self._uncalibrated.contributions(row)


def read_contributions(content: bytes) -> Contributions | None:
    """Read from an exported graph what its contributions follow from; nothing in it is run.

    Returns
    -------
    Contributions or None
        None for a graph that does not tell: a forest, whose trees add up probabilities and are too deep to explain
        in the stream, and an export without covers, as those of earlier versions are.

    Raises
    ------
    ArtifactError
        The graph has covers that do not add up.
    """
    graph = onnx.load_from_string(content).graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    found = _read_uncalibrated(graph, constants)
    if found and "slope" in constants:
        return CalibratedContributions(found, float(constants["slope"]), float(constants["offset"]))
    return found


def _read_uncalibrated(graph: onnx.GraphProto, constants: dict[str, NDArray[np.float64]]) -> Contributions | None:
    first = graph.node[0]
    if first.op_type == "TreeEnsembleClassifier":
        features = graph.input[0].type.tensor_type.shape.dim[1].dim_value
        return TreeShap(read_trees(first), features) if _adds_log_odds(first) and _has_covers(first) else None
    if {"mean", "coefficients", "intercept"} <= constants.keys():
        mean, coefficients, intercept = (constants[name] for name in ("mean", "coefficients", "intercept"))
        return LinearContributions(mean, coefficients.ravel(), float(intercept[0]))
    return None


def _adds_log_odds(ensemble: onnx.NodeProto) -> bool:
    return any(item.name == "post_transform" and item.s == b"LOGISTIC" for item in ensemble.attribute)


def _has_covers(ensemble: onnx.NodeProto) -> bool:
    """Whether the hit rates are covers: where a converter knows none it leaves them out, or writes 1 for each node."""
    hitrates = [set(item.floats) for item in ensemble.attribute if item.name == "nodes_hitrates"]
    return bool(hitrates) and hitrates[0] != {1.0}
