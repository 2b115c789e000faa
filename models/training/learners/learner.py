"""Protocols of learners and of the models that they train."""

from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

Balance = Literal["none", "weights", "smote"]
"""Class balancing: none, class weights or SMOTE. See `balanced`."""

TREES_BOUND = 5e-6
"""Largest difference between a library's probability and ONNX's where the trees are added up in float32: by both,
or by ONNX alone. A row on another branch differs by far more."""


LARGE = 1e30
"""Limit of absolute values above which sums may overflow float32."""


class TrainedModel(Protocol):
    """Classifier trained on F features.

    Parameters
    ----------
    bound : float
        Largest difference allowed between `probability` and the exported graph, for rounding.
    exact : bool
        Whether the graph adds up as the library does, so that a score is the library's number, rounded once.
    """

    @property
    def bound(self) -> float: ...  # noqa: D102

    @property
    def exact(self) -> bool: ...  # noqa: D102

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return each row's probability of fraud (n,), from the library that trained it.

        Parameters
        ----------
        x : ndarray of float32, (n, F)
        """

    def export(self) -> onnx.ModelProto:
        """Return a graph for `OnnxModel`, equal to `probability` within `bound`."""

    def text(self) -> str | None:
        """Return the classifier in its library's text format; None where the library has only pickles."""

    def importance(self) -> NDArray[np.float64]:
        """Return the importance of each feature (F,): shares that add up to 1."""

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return rows made from those of ``x`` (n, F) that sit on every split; none without splits."""

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return the mask (n,) of the rows of ``x`` that the library accepts; features are always finite."""


class Learner(Protocol):
    """Settings of a classifier to train: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def fit(self, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int, threads: int = 1) -> TrainedModel:
        """Train: the same input, seed and number of threads give the same classifier.

        Parameters
        ----------
        x : ndarray of float32, (n, F)
        is_fraud : ndarray of bool, (n,)
            Frauds and genuine rows.
        """


def finite_rows(x: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the mask (n,) of the rows whose values and their sums are finite."""
    finite: NDArray[np.bool_] = (np.abs(x) < LARGE).all(axis=1)
    return finite


def shares(values: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
    """Return non-negative values (F,) as shares of their sum; zeros where all are 0."""
    exact = np.asarray(values, np.float64)
    return exact / (exact.sum() or 1.0)
