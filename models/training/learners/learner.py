from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

Balance = Literal["none", "weights", "smote"]
"""What is done about frauds being rare: nothing, weights, or made-up frauds. See `balanced`."""

TREES_BOUND = 5e-6
"""Largest difference between a library's probability and ONNX's where the trees are added up in float32: by both,
or by ONNX alone. A row that took another branch differs by far more."""


LARGE = 1e30
"""A number beyond which sums may leave what float32 holds."""


class TrainedModel(Protocol):
    """A classifier that was trained on F features.

    Parameters
    ----------
    bound : float
        Largest difference allowed between `probability` and the exported graph: what rounding makes.
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
        """Return the graph that `OnnxModel` takes: equal to `probability` within `bound`."""

    def text(self) -> str | None:
        """Return the classifier in its library's own words, None where it has none but a pickle."""

    def importance(self) -> NDArray[np.float64]:
        """Return how much each feature matters (F,): shares that add up to 1."""

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return rows made from those of ``x`` (n, F) that sit on every split; none without splits."""

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which rows of ``x``, a mask (n,), the library takes; features are always finite."""


class Learner(Protocol):
    """The settings of a classifier, ready to be trained: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def fit(self, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int, threads: int = 1) -> TrainedModel:
        """Train: the same input, seed and number of threads give the same classifier.

        Parameters
        ----------
        x : ndarray of float32, (n, F)
        is_fraud : ndarray of bool, (n,)
            With frauds and genuine rows.
        """


def finite_rows(x: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which rows (n,) are finite, and have no number so large that a sum of them would not be."""
    finite: NDArray[np.bool_] = (np.abs(x) < LARGE).all(axis=1)
    return finite


def shares(values: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
    """Return non-negative values (F,) as shares of their sum; zeros where all are 0."""
    exact = np.asarray(values, np.float64)
    return exact / (exact.sum() or 1.0)
